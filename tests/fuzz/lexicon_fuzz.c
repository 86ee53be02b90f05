/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lexicons. The input is a list of patterns in a small lexicon, or, when it begins so, a lexicon of its own. What is
 * taken scores any text within bounds, and its evidence lies in the text.
 */
#include "tests/fuzz/fuzz.h"
#include "workers/classify/lexicon.h"

#define HEAD "lexicon: 1\n"
#define EMPTY(name) "  " name ": {bias: -2, entries: []}\n"
#define OTHERS EMPTY("abuse-of-position") EMPTY("domestic-abuse") EMPTY("discrimination") EMPTY("risk") \
	"  out-of-scope: {bias: -2, damp: 2, entries: [{name: rude, weight: 4, refer: complaints, match: [rude]}]}\n"

static const char narrative[] = "PC Marsden told them of the raids. He didn\xe2\x80\x99t\npay \xc2\xa3" "50; a a b c.";

static void score_holds(struct lexicon *lexicon)
{
	struct tip tip = { .narrative = narrative, .narrative_len = sizeof(narrative) - 1 };
	struct classification out;
	struct err err = ERR_INIT;

	FUZZ_HOLDS(lexicon_score(lexicon, &tip, &out, &err) == 0);
	FUZZ_HOLDS(out.n_labels <= LABELS_MAX && out.n_evidence <= EVIDENCE_MAX);
	FUZZ_HOLDS(out.risk >= 0 && out.risk <= 1 && out.out_of_scope >= 0 && out.out_of_scope <= 1);
	for (size_t i = 0; i < out.n_labels; i++)
		FUZZ_HOLDS(out.labels[i].score >= 0 && out.labels[i].score <= 1);
	for (size_t i = 0; i < out.n_evidence; i++)
		FUZZ_HOLDS(out.evidence[i].start <= out.evidence[i].end && out.evidence[i].end <= tip.narrative_len);
	for (size_t i = 0; i < lexicon_count(lexicon); i++)
		FUZZ_HOLDS(lexicon_name(lexicon, i) && (lexicon_met(lexicon, i) || true));
}

static int count(void *arg, const char *plain, struct err *err)
{
	size_t *n = arg;

	(void)err;
	FUZZ_HOLDS(plain != NULL && ++*n <= LEXICON_EXPANSIONS_MAX);
	return 0;
}

static void expansion_holds(struct slice input)
{
	char *pattern = fuzz_text(input);
	struct err err = ERR_INIT;
	size_t n = 0;

	if (lexicon_expand(pattern, count, &n, &err) != 0)
		fuzz_error_holds(&err);
	free(pattern);
}

static void write_lexicon(struct buf *text, struct slice input)
{
	if (input.len > strlen(HEAD) && memcmp(input.data, HEAD, strlen(HEAD)) == 0) {
		buf_append_slice(text, input);
		return;
	}
	buf_append_str(text, HEAD "report-above: 0.2\nsections:\n"
		       "  corruption:\n    bias: -2\n    entries:\n    - name: e\n      weight: 4\n      match:\n");
	while (input.len > 0) {
		const uint8_t *newline = memchr(input.data, '\n', input.len);
		const struct slice line = fuzz_bytes(&input, newline ? (size_t)(newline - input.data) : input.len);

		(void)fuzz_byte(&input);
		buf_append_str(text, "      - ");
		buf_append_json(text, (const char *)line.data, line.len);
		buf_append_byte(text, '\n');
	}
	buf_append_str(text, OTHERS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct slice input = slice_of(data, size);
	struct lexicon *lexicon;
	struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	expansion_holds(input);
	write_lexicon(&text, input);
	if (lexicon_parse(&lexicon, "lexicon.yaml", buf_slice(&text), &err) == 0) {
		fuzz_success_holds(&err);
		score_holds(lexicon);
		lexicon_free(lexicon);
	} else {
		fuzz_error_holds(&err);
	}
	buf_release(&text);
	return 0;
}
