/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a narrative: its tokens, and what the lexicon that ships says of it. Runs in the repository's top. */
#include "schema/token.h"
#include "schema/token_text.h"
#include "tests/fuzz/fuzz.h"
#include "workers/classify/lexicon.h"

static const uint8_t key[LINKAGE_KEY_BYTES] = { 1 };
static struct lexicon *lexicon;

static void tokens_hold(const struct token_list *list)
{
	FUZZ_HOLDS(list->n <= TOKENS_MAX && list->key_check == token_key_check(key));
	for (size_t i = 0; i < list->n; i++) {
		const struct token *token = &list->items[i];

		FUZZ_HOLDS(token->class < N_TOKEN_CLASSES);
		FUZZ_HOLDS(i == 0 || token[-1].class < token->class ||
			   (token[-1].class == token->class && token[-1].mac < token->mac));
	}
}

/* A member of staff whose surname, one word of some length, stands in the tip as a name is found in it. */
static void staff_is_found(const char *surname, const struct token_list *of_tip, struct arena *arena)
{
	const size_t len = strlen(surname);
	struct words words = { .items = arena_alloc(arena, words_room(len) * sizeof(struct word)) };
	struct staff staff = { .surname = surname };
	struct token_list of_staff;

	words_read(&words, slice_of(surname, len), arena);
	if (words.n != 1 || words.items[0].len < 3 || (words.items[0].known & KNOWN_STOP))
		return;
	token_list_of_staff(&of_staff, &staff, key, arena);
	tokens_hold(&of_staff);
	FUZZ_HOLDS(of_staff.n > 0 && (of_tip->cut || token_list_meets(&of_staff, of_tip)));
}

static void classification_holds(const struct tip *tip)
{
	struct classification out;
	struct err err = ERR_INIT;

	FUZZ_HOLDS(lexicon_score(lexicon, tip, &out, &err) == 0);
	fuzz_success_holds(&err);
	FUZZ_HOLDS(out.n_labels <= LABELS_MAX && out.n_evidence <= EVIDENCE_MAX);
	FUZZ_HOLDS(out.risk >= 0 && out.risk <= 1 && out.out_of_scope >= 0 && out.out_of_scope <= 1);
	for (size_t i = 0; i < out.n_evidence; i++)
		FUZZ_HOLDS(out.evidence[i].start <= out.evidence[i].end && out.evidence[i].end <= tip->narrative_len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(slice_of(data, size));
	struct arena *arena = arena_new(65536);
	struct tip tip = { .narrative = text, .narrative_len = strlen(text), .n_subjects = 1 };
	struct token_list list;
	struct err err = ERR_INIT;

	if (!lexicon)
		FUZZ_HOLDS(lexicon_load(&lexicon, "workers/classify/lexicon.yaml", &err) == 0);
	tip.subjects[0].name = text;
	token_list_of_tip(&list, &tip, key, arena);
	tokens_hold(&list);
	staff_is_found(text, &list, arena);
	classification_holds(&tip);
	arena_free(arena);
	free(text);
	return 0;
}
