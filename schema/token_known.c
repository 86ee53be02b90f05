/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "schema/token_text.h"

#define KNOWN_MAX 32
#define KNOWN_TEXT 16

/*
 * The words that mean something to the tokeniser, as the folding leaves them ("don't" is "dont"), by first letter.
 * One look-up a word settles what all the rules ask, by comparing two numbers: a list for each rule costs several
 * times what the MACs cost.
 */
static const struct known {
	char text[KNOWN_TEXT]; /* zero-padded */
	uint16_t classes;
	uint8_t value;
} known[26][KNOWN_MAX] = {
	['a' - 'a'] = { { "a", KNOWN_STOP, 0 }, { "about", KNOWN_STOP, 0 }, { "account", KNOWN_HANDLE_CUE, 0 },
		{ "accounts", KNOWN_HANDLE_CUE, 0 }, { "after", KNOWN_STOP, 0 }, { "again", KNOWN_STOP, 0 },
		{ "al", KNOWN_PARTICLE, 0 }, { "all", KNOWN_STOP | KNOWN_SURNAME, 0 }, { "also", KNOWN_STOP, 0 },
		{ "am", KNOWN_STOP, 0 }, { "an", KNOWN_STOP | KNOWN_SURNAME, 0 }, { "and", KNOWN_STOP, 0 },
		{ "any", KNOWN_STOP, 0 }, { "apr", KNOWN_MONTH, 4 }, { "april", KNOWN_MONTH, 4 },
		{ "are", KNOWN_STOP, 0 }, { "around", KNOWN_BEFORE_PLACE, 0 }, { "as", KNOWN_STOP, 0 },
		{ "at", KNOWN_STOP | KNOWN_BEFORE_PLACE, 0 }, { "aug", KNOWN_MONTH, 8 },
		{ "august", KNOWN_MONTH, 8 } },
	['b' - 'a'] = { { "be", KNOWN_STOP, 0 }, { "because", KNOWN_STOP, 0 }, { "been", KNOWN_STOP, 0 },
		{ "before", KNOWN_STOP, 0 }, { "being", KNOWN_STOP, 0 }, { "ben", KNOWN_PARTICLE, 0 },
		{ "bin", KNOWN_PARTICLE, 0 }, { "but", KNOWN_STOP, 0 },
		{ "by", KNOWN_STOP | KNOWN_BEFORE_PLACE, 0 } },
	['c' - 'a'] = { { "called", KNOWN_CUE, 0 }, { "can", KNOWN_STOP, 0 }, { "cant", KNOWN_STOP, 0 },
		{ "ch", KNOWN_CHIEF, 0 }, { "chief", KNOWN_CHIEF, 0 },
		{ "commander", KNOWN_RANK, RANK_COMMANDER }, { "constable", KNOWN_RANK, RANK_CONSTABLE },
		{ "copper", KNOWN_CUE, 0 }, { "could", KNOWN_STOP, 0 } },
	['d' - 'a'] = { { "da", KNOWN_PARTICLE, 0 }, { "dc", KNOWN_RANK, RANK_DC },
		{ "dci", KNOWN_RANK, RANK_DCI }, { "de", KNOWN_PARTICLE, 0 }, { "dec", KNOWN_MONTH, 12 },
		{ "december", KNOWN_MONTH, 12 }, { "del", KNOWN_PARTICLE, 0 }, { "den", KNOWN_PARTICLE, 0 },
		{ "der", KNOWN_PARTICLE, 0 }, { "det", KNOWN_DETECTIVE, 0 },
		{ "detective", KNOWN_DETECTIVE, 0 }, { "di", KNOWN_PARTICLE | KNOWN_RANK, RANK_DI },
		{ "did", KNOWN_STOP, 0 }, { "didnt", KNOWN_STOP, 0 }, { "do", KNOWN_STOP | KNOWN_SURNAME, 0 },
		{ "does", KNOWN_STOP, 0 }, { "doesnt", KNOWN_STOP, 0 }, { "doing", KNOWN_STOP, 0 },
		{ "dont", KNOWN_STOP, 0 }, { "dos", KNOWN_PARTICLE, 0 }, { "down", KNOWN_STOP | KNOWN_SURNAME, 0 },
		{ "dr", KNOWN_CUE, 0 }, { "ds", KNOWN_RANK, RANK_DS }, { "dsupt", KNOWN_RANK, RANK_DSUPT },
		{ "du", KNOWN_PARTICLE, 0 } },
	['e' - 'a'] = { { "each", KNOWN_STOP, 0 }, { "el", KNOWN_PARTICLE, 0 }, { "even", KNOWN_STOP | KNOWN_SURNAME, 0 },
		{ "ever", KNOWN_STOP, 0 }, { "every", KNOWN_STOP, 0 } },
	['f' - 'a'] = { { "facebook", KNOWN_HANDLE_CUE, 0 }, { "feb", KNOWN_MONTH, 2 },
		{ "february", KNOWN_MONTH, 2 }, { "for", KNOWN_STOP, 0 }, { "fri", KNOWN_WEEKDAY, 5 },
		{ "friday", KNOWN_WEEKDAY, 5 }, { "from", KNOWN_STOP | KNOWN_BEFORE_PLACE, 0 } },
	['g' - 'a'] = { { "get", KNOWN_STOP, 0 }, { "gets", KNOWN_STOP, 0 }, { "go", KNOWN_STOP, 0 },
		{ "goes", KNOWN_STOP, 0 }, { "going", KNOWN_STOP, 0 }, { "got", KNOWN_STOP, 0 } },
	['h' - 'a'] = { { "had", KNOWN_STOP, 0 }, { "handle", KNOWN_HANDLE_CUE, 0 }, { "has", KNOWN_STOP, 0 },
		{ "hasnt", KNOWN_STOP, 0 }, { "have", KNOWN_STOP, 0 }, { "havent", KNOWN_STOP, 0 },
		{ "having", KNOWN_STOP, 0 }, { "he", KNOWN_STOP | KNOWN_SURNAME, 0 }, { "her", KNOWN_STOP | KNOWN_SURNAME, 0 },
		{ "here", KNOWN_STOP, 0 }, { "hers", KNOWN_STOP, 0 }, { "herself", KNOWN_STOP, 0 },
		{ "hes", KNOWN_STOP, 0 }, { "him", KNOWN_STOP, 0 }, { "himself", KNOWN_STOP, 0 },
		{ "his", KNOWN_STOP, 0 }, { "how", KNOWN_STOP, 0 } },
	['i' - 'a'] = { { "i", KNOWN_STOP | KNOWN_PRONOUN, 0 }, { "ibn", KNOWN_PARTICLE, 0 },
		{ "id", KNOWN_STOP | KNOWN_PRONOUN, 0 }, { "if", KNOWN_STOP, 0 },
		{ "ill", KNOWN_STOP | KNOWN_PRONOUN, 0 }, { "im", KNOWN_STOP | KNOWN_PRONOUN, 0 },
		{ "in", KNOWN_STOP | KNOWN_BEFORE_PLACE, 0 }, { "insp", KNOWN_RANK, RANK_INSPECTOR },
		{ "inspector", KNOWN_RANK, RANK_INSPECTOR }, { "insta", KNOWN_HANDLE_CUE, 0 },
		{ "instagram", KNOWN_HANDLE_CUE, 0 }, { "into", KNOWN_STOP, 0 }, { "is", KNOWN_STOP, 0 },
		{ "isnt", KNOWN_STOP, 0 }, { "it", KNOWN_STOP, 0 }, { "its", KNOWN_STOP, 0 },
		{ "itself", KNOWN_STOP, 0 }, { "ive", KNOWN_STOP | KNOWN_PRONOUN, 0 } },
	['j' - 'a'] = { { "jan", KNOWN_MONTH, 1 }, { "january", KNOWN_MONTH, 1 }, { "jul", KNOWN_MONTH, 7 },
		{ "july", KNOWN_MONTH, 7 }, { "jun", KNOWN_MONTH, 6 }, { "june", KNOWN_MONTH, 6 },
		{ "just", KNOWN_STOP, 0 } },
	['k' - 'a'] = { { "know", KNOWN_STOP, 0 } },
	['l' - 'a'] = { { "la", KNOWN_PARTICLE, 0 }, { "le", KNOWN_PARTICLE, 0 }, { "like", KNOWN_STOP, 0 } },
	['m' - 'a'] = { { "mac", KNOWN_PARTICLE, 0 }, { "mar", KNOWN_MONTH, 3 }, { "march", KNOWN_MONTH, 3 },
		{ "may", KNOWN_MONTH, 5 }, { "mc", KNOWN_PARTICLE, 0 }, { "me", KNOWN_STOP | KNOWN_SURNAME, 0 },
		{ "miss", KNOWN_CUE, 0 }, { "mon", KNOWN_WEEKDAY, 1 }, { "monday", KNOWN_WEEKDAY, 1 },
		{ "more", KNOWN_STOP, 0 }, { "most", KNOWN_STOP | KNOWN_SURNAME, 0 }, { "mr", KNOWN_CUE, 0 },
		{ "mrs", KNOWN_CUE, 0 }, { "ms", KNOWN_CUE, 0 }, { "my", KNOWN_STOP, 0 },
		{ "myself", KNOWN_STOP, 0 } },
	['n' - 'a'] = { { "name", KNOWN_CUE, 0 }, { "named", KNOWN_CUE, 0 }, { "near", KNOWN_BEFORE_PLACE, 0 },
		{ "no", KNOWN_STOP, 0 }, { "nor", KNOWN_STOP, 0 }, { "not", KNOWN_STOP, 0 },
		{ "nov", KNOWN_MONTH, 11 }, { "november", KNOWN_MONTH, 11 }, { "now", KNOWN_STOP, 0 } },
	['o' - 'a'] = { { "o", KNOWN_PARTICLE, 0 }, { "oct", KNOWN_MONTH, 10 }, { "october", KNOWN_MONTH, 10 },
		{ "of", KNOWN_STOP, 0 }, { "off", KNOWN_STOP | KNOWN_BEFORE_PLACE, 0 },
		{ "officer", KNOWN_CUE, 0 }, { "on", KNOWN_STOP | KNOWN_BEFORE_PLACE, 0 },
		{ "once", KNOWN_STOP, 0 }, { "one", KNOWN_STOP, 0 }, { "only", KNOWN_STOP, 0 },
		{ "opposite", KNOWN_BEFORE_PLACE, 0 }, { "or", KNOWN_STOP, 0 }, { "other", KNOWN_STOP, 0 },
		{ "our", KNOWN_STOP, 0 }, { "out", KNOWN_STOP, 0 }, { "outside", KNOWN_BEFORE_PLACE, 0 },
		{ "over", KNOWN_STOP, 0 }, { "own", KNOWN_STOP | KNOWN_SURNAME, 0 } },
	['p' - 'a'] = { { "pc", KNOWN_RANK, RANK_CONSTABLE }, { "pcso", KNOWN_RANK, RANK_PCSO },
		{ "policeman", KNOWN_RANK, RANK_OFFICER }, { "policewoman", KNOWN_RANK, RANK_OFFICER },
		{ "profile", KNOWN_HANDLE_CUE, 0 }, { "ps", KNOWN_RANK, RANK_SERGEANT } },
	['s' - 'a'] = { { "said", KNOWN_STOP, 0 }, { "same", KNOWN_STOP, 0 },
		{ "sarge", KNOWN_RANK, RANK_SERGEANT }, { "sat", KNOWN_WEEKDAY, 6 },
		{ "saturday", KNOWN_WEEKDAY, 6 }, { "say", KNOWN_STOP, 0 }, { "says", KNOWN_STOP, 0 },
		{ "sep", KNOWN_MONTH, 9 }, { "sept", KNOWN_MONTH, 9 }, { "september", KNOWN_MONTH, 9 },
		{ "sergeant", KNOWN_RANK, RANK_SERGEANT }, { "sgt", KNOWN_RANK, RANK_SERGEANT },
		{ "she", KNOWN_STOP, 0 }, { "shes", KNOWN_STOP, 0 }, { "should", KNOWN_STOP, 0 },
		{ "skipper", KNOWN_RANK, RANK_SERGEANT }, { "snap", KNOWN_HANDLE_CUE, 0 },
		{ "snapchat", KNOWN_HANDLE_CUE, 0 }, { "so", KNOWN_STOP | KNOWN_SURNAME, 0 }, { "some", KNOWN_STOP, 0 },
		{ "something", KNOWN_STOP, 0 }, { "special", KNOWN_RANK, RANK_SPECIAL },
		{ "st", KNOWN_PARTICLE, 0 }, { "such", KNOWN_STOP | KNOWN_SURNAME, 0 }, { "sun", KNOWN_WEEKDAY, 7 },
		{ "sunday", KNOWN_WEEKDAY, 7 }, { "superintendent", KNOWN_RANK, RANK_SUPERINTENDENT },
		{ "supt", KNOWN_RANK, RANK_SUPERINTENDENT } },
	['t' - 'a'] = { { "telegram", KNOWN_HANDLE_CUE, 0 }, { "ten", KNOWN_PARTICLE, 0 },
		{ "ter", KNOWN_PARTICLE, 0 }, { "than", KNOWN_STOP, 0 }, { "that", KNOWN_STOP, 0 },
		{ "the", KNOWN_STOP, 0 }, { "their", KNOWN_STOP, 0 }, { "them", KNOWN_STOP, 0 },
		{ "themselves", KNOWN_STOP, 0 }, { "then", KNOWN_STOP, 0 }, { "there", KNOWN_STOP, 0 },
		{ "theres", KNOWN_STOP, 0 }, { "these", KNOWN_STOP, 0 }, { "they", KNOWN_STOP, 0 },
		{ "theyre", KNOWN_STOP, 0 }, { "thing", KNOWN_STOP, 0 }, { "things", KNOWN_STOP, 0 },
		{ "this", KNOWN_STOP, 0 }, { "those", KNOWN_STOP, 0 },
		{ "through", KNOWN_STOP | KNOWN_BEFORE_PLACE, 0 }, { "thu", KNOWN_WEEKDAY, 4 },
		{ "thur", KNOWN_WEEKDAY, 4 }, { "thurs", KNOWN_WEEKDAY, 4 }, { "thursday", KNOWN_WEEKDAY, 4 },
		{ "tiktok", KNOWN_HANDLE_CUE, 0 }, { "to", KNOWN_STOP | KNOWN_SURNAME | KNOWN_BEFORE_PLACE, 0 },
		{ "too", KNOWN_STOP, 0 }, { "tue", KNOWN_WEEKDAY, 2 }, { "tues", KNOWN_WEEKDAY, 2 },
		{ "tuesday", KNOWN_WEEKDAY, 2 }, { "twitter", KNOWN_HANDLE_CUE, 0 } },
	['u' - 'a'] = { { "under", KNOWN_STOP, 0 }, { "until", KNOWN_STOP, 0 }, { "up", KNOWN_STOP, 0 },
		{ "us", KNOWN_STOP, 0 }, { "user", KNOWN_HANDLE_CUE, 0 }, { "username", KNOWN_HANDLE_CUE, 0 } },
	['v' - 'a'] = { { "van", KNOWN_PARTICLE, 0 }, { "very", KNOWN_STOP, 0 }, { "von", KNOWN_PARTICLE, 0 } },
	['w' - 'a'] = { { "was", KNOWN_STOP, 0 }, { "wasnt", KNOWN_STOP, 0 }, { "we", KNOWN_STOP, 0 },
		{ "wed", KNOWN_WEEKDAY, 3 }, { "wednesday", KNOWN_WEEKDAY, 3 }, { "weds", KNOWN_WEEKDAY, 3 },
		{ "well", KNOWN_STOP, 0 }, { "went", KNOWN_STOP, 0 }, { "were", KNOWN_STOP, 0 },
		{ "what", KNOWN_STOP, 0 }, { "when", KNOWN_STOP, 0 }, { "where", KNOWN_STOP, 0 },
		{ "which", KNOWN_STOP, 0 }, { "while", KNOWN_STOP, 0 }, { "who", KNOWN_STOP, 0 },
		{ "whom", KNOWN_STOP, 0 }, { "whose", KNOWN_STOP, 0 }, { "why", KNOWN_STOP, 0 },
		{ "will", KNOWN_STOP | KNOWN_SURNAME, 0 }, { "with", KNOWN_STOP, 0 }, { "wont", KNOWN_STOP, 0 },
		{ "would", KNOWN_STOP, 0 }, { "wpc", KNOWN_RANK, RANK_CONSTABLE } },
	['y' - 'a'] = { { "you", KNOWN_STOP | KNOWN_SURNAME, 0 }, { "your", KNOWN_STOP, 0 }, { "youre", KNOWN_STOP, 0 },
		{ "yours", KNOWN_STOP, 0 }, { "yourself", KNOWN_STOP, 0 } },
};

void word_look_up(struct word *word)
{
	char padded[KNOWN_TEXT] = { 0 };
	uint64_t want[2], have[2];
	size_t row;

	if (word->len >= KNOWN_TEXT || word->text[0] < 'a' || word->text[0] > 'z')
		return;
	memcpy(padded, word->text, word->len);
	memcpy(want, padded, sizeof(want));
	row = (size_t)(word->text[0] - 'a');
	for (const struct known *k = known[row]; k < known[row] + KNOWN_MAX && k->text[0]; k++) {
		memcpy(have, k->text, sizeof(have));
		if (have[0] != want[0] || have[1] != want[1])
			continue;
		word->known = k->classes;
		word->value = k->value;
		return;
	}
}
