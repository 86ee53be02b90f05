/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/batch/pseudonyms.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "producers/batch/prng.h"

static const char *const forenames[] = {
	"Adrian", "Beatrice", "Callum", "Dorothy", "Edwin", "Frances", "Gareth", "Hilary", "Ivor", "Janine", "Keith",
	"Lorna", "Malcolm", "Nadine", "Oscar", "Petra", "Quentin", "Rosalind", "Stuart", "Tamsin", "Umar", "Verity",
	"Warren", "Yusuf", "Zara", "Alistair", "Bronwen", "Cedric", "Delia", "Elliot", "Farida", "Graham", "Harriet",
	"Imran", "Judith", "Kelvin", "Leonora", "Morris", "Nigel", "Olwen", "Percy", "Raymond", "Sunita", "Trevor",
	"Una", "Vikram", "Winifred", "Xavier", "Ambrose", "Barnaby", "Cordelia", "Desmond", "Eunice", "Fergus",
};

static const char *const firsts[] = {
	"Ash", "Birch", "Crow", "Dun", "Elm", "Fair", "Gold", "Har", "Ing", "Kel", "Lang", "Mal", "Nor", "Ox", "Pen",
	"Ray",
	"Stan", "Thorn", "Under", "Wal", "Whit", "Wool", "Bram", "Carl", "Den", "Ever", "Farn", "Gran", "Hazel", "Lin",
	"Mar", "Net", "Os", "Pick", "Rook", "Shef", "Tarn", "Ul", "Win", "Yar",
};

static const char *const lasts[] = {
	"bourne", "combe", "croft", "dale", "field", "gate", "ham", "hurst", "ley", "low", "more", "ridge", "shaw",
	"stead",
	"ston", "thwaite", "wick", "wood", "worth", "den", "by", "mere", "stow", "well", "ingham", "erton",
};

static const char *const nicknames[] = {
	"Badger", "Bonzo", "Chalky", "Dusty", "Ferret", "Ginge", "Hovis", "Jacko", "Kipper", "Lofty", "Mitch", "Nobby",
	"Oggy", "Pinky", "Rizla", "Scouse", "Tiny", "Waggy", "Yorkie", "Ziggy", "Biscuit", "Crumpet", "Domino",
	"Gadget",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PICK(prng, array) ((array)[prng_below(prng, COUNT(array))])

typedef void rename_fn(struct prng *prng, const char *from, struct buf *to); /* a function, no struct */

static void play_forename(struct prng *prng, const char *from, struct buf *to)
{
	(void)from;
	buf_append_str(to, PICK(prng, forenames));
}

static void play_surname(struct prng *prng, const char *from, struct buf *to)
{
	(void)from;
	buf_append_str(to, PICK(prng, firsts));
	buf_append_str(to, PICK(prng, lasts));
}

static void play_nickname(struct prng *prng, const char *from, struct buf *to)
{
	(void)from;
	buf_append_str(to, PICK(prng, nicknames));
}

/* A number, plate or handle of the same form. */
static void play_form(struct prng *prng, const char *from, struct buf *to)
{
	for (; *from != '\0'; from++) {
		if (isdigit((unsigned char)*from))
			buf_append_byte(to, (uint8_t)('0' + prng_below(prng, 10)));
		else if (isupper((unsigned char)*from))
			buf_append_byte(to, (uint8_t)("ABCDEFGHJKLMNOPRSTUVWXYZ"[prng_below(prng, 24)]));
		else if (islower((unsigned char)*from))
			buf_append_byte(to, (uint8_t)("abcdefghijklmnoprstuvwyz"[prng_below(prng, 24)]));
		else
			buf_append_byte(to, (uint8_t)*from);
	}
}

static void add(struct pseudonyms *pseudonyms, const char *from, const char *to)
{
	for (size_t i = 0; i < pseudonyms->n; i++)
		if (strcmp(pseudonyms->changes[i].from, from) == 0)
			return;
	if (pseudonyms->n == PSEUDONYMS_MAX || strlen(from) < 2)
		return;
	pseudonyms->changes[pseudonyms->n++] = (struct change){ mem_strdup(from), mem_strdup(to) };
}

static char *cased(const char *text, int (*each)(int))
{
	char *copy = mem_strdup(text);
	for (char *c = copy; *c != '\0'; c++)
		*c = (char)each((unsigned char)*c);
	return copy;
}

static void add_cased(struct pseudonyms *pseudonyms, const char *from, const char *to, int (*each)(int))
{
	char *from_cased = cased(from, each), *to_cased = cased(to, each);
	add(pseudonyms, from_cased, to_cased);
	free(from_cased);
	free(to_cased);
}

static void pseudonymise(struct pseudonyms *pseudonyms, uint64_t round, const char *from, rename_fn *play)
{
	struct buf to = BUF_INIT;
	char *key = cased(from, tolower);
	struct prng prng = prng_of(round, slice_str(key));

	play(&prng, from, &to);
	add(pseudonyms, from, buf_text(&to));
	add_cased(pseudonyms, from, buf_text(&to), toupper);
	/* Voices without capitals; a short name is too often a word as well. */
	if (play == play_form || strlen(from) >= 5)
		add_cased(pseudonyms, from, buf_text(&to), tolower);
	buf_release(&to);
	free(key);
}

static void pseudonymise_name(struct pseudonyms *pseudonyms, uint64_t round, const char *name)
{
	char *copy = mem_strdup(name), *rest = copy, *word;
	size_t n = 0;

	while ((word = strsep(&rest, " ")) != NULL) {
		bool last = rest == NULL;
		if (isupper((unsigned char)word[0]) || (last && islower((unsigned char)word[0])))
			pseudonymise(pseudonyms, round, word, n == 0 && !last ? play_forename : play_surname);
		n++;
	}
	free(copy);
}

/* Plates are written with and without the space. */
static void pseudonymise_plate(struct pseudonyms *pseudonyms, uint64_t round, const char *plate)
{
	struct buf joined = BUF_INIT, to = BUF_INIT;

	pseudonymise(pseudonyms, round, plate, play_form);
	for (const char *c = plate; *c != '\0'; c++)
		if (*c != ' ')
			buf_append_byte(&joined, (uint8_t)*c);
	for (size_t i = 0; i < pseudonyms->n; i++) {
		if (strcmp(pseudonyms->changes[i].from, plate) != 0)
			continue;
		for (const char *c = pseudonyms->changes[i].to; *c != '\0'; c++)
			if (*c != ' ')
				buf_append_byte(&to, (uint8_t)*c);
	}
	add(pseudonyms, buf_text(&joined), buf_text(&to));
	buf_release(&joined);
	buf_release(&to);
}

static int by_length(const void *a, const void *b)
{
	const struct change *x = a, *y = b;
	size_t x_len = strlen(x->from), y_len = strlen(y->from);
	if (x_len != y_len)
		return x_len < y_len ? 1 : -1;
	return strcmp(x->from, y->from);
}

void pseudonyms_init(struct pseudonyms *pseudonyms, const struct tip *tip, uint64_t round)
{
	pseudonyms->n = 0;
	for (size_t i = 0; i < tip->n_subjects; i++) {
		const struct subject *subject = &tip->subjects[i];
		if (subject->name != NULL)
			pseudonymise_name(pseudonyms, round, subject->name);
		if (subject->nickname != NULL)
			pseudonymise(pseudonyms, round, subject->nickname, play_nickname);
		if (subject->number != NULL)
			pseudonymise(pseudonyms, round, subject->number, play_form);
		if (subject->handle != NULL)
			pseudonymise(pseudonyms, round, subject->handle, play_form);
		if (subject->vehicle != NULL)
			pseudonymise_plate(pseudonyms, round, subject->vehicle);
	}
	qsort(pseudonyms->changes, pseudonyms->n, sizeof(pseudonyms->changes[0]), by_length);
}

void pseudonyms_release(struct pseudonyms *pseudonyms)
{
	for (size_t i = 0; i < pseudonyms->n; i++) {
		free(pseudonyms->changes[i].from);
		free(pseudonyms->changes[i].to);
	}
	pseudonyms->n = 0;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

static const struct change *change_at(const struct pseudonyms *pseudonyms, const char *text, const char *at)
{
	for (size_t i = 0; i < pseudonyms->n; i++) {
		const char *from = pseudonyms->changes[i].from;
		size_t len = strlen(from);
		if (strncmp(at, from, len) != 0)
			continue;
		if (at > text && is_word(at[-1]) && is_word(from[0]))
			continue;
		if (is_word(at[len]) && is_word(from[len - 1]))
			continue;
		return &pseudonyms->changes[i];
	}
	return NULL;
}

void pseudonyms_apply(const struct pseudonyms *pseudonyms, const char *text, struct buf *out)
{
	for (const char *at = text; *at != '\0';) {
		const struct change *change = change_at(pseudonyms, text, at);
		if (change != NULL) {
			buf_append_str(out, change->to);
			at += strlen(change->from);
		} else {
			buf_append_byte(out, (uint8_t)*at++);
		}
	}
}
