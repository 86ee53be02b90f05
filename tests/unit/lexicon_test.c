/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "workers/classify/lexicon.h"
#include "workers/classify/normal.h"

#define HEAD "lexicon: 1\nreport-above: 0.2\nsections:\n"
#define ENTRY HEAD "  corruption:\n    bias: 0\n    entries:\n      - "
#define EMPTY(name) "  " name ": {bias: -2, entries: []}\n"
#define SCOPE "  out-of-scope: {bias: -2, damp: 2, entries: [" \
	"{name: rude, weight: 4, refer: complaints, match: [rude]}]}\n"
#define OTHERS EMPTY("abuse-of-position") EMPTY("domestic-abuse") EMPTY("discrimination") EMPTY("risk") SCOPE

static struct lexicon *lexicon_of(const char *patterns)
{
	struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	struct lexicon *lexicon = NULL;

	buf_printf(&text, HEAD "  corruption: {bias: -2, entries: [{name: e, sub: bribery, weight: 4, match: [%s]}]}\n"
		   OTHERS, patterns);
	if (lexicon_parse(&lexicon, "test.yaml", buf_slice(&text), &err) != 0)
		fail_msg("%s", err.text);
	buf_release(&text);
	return lexicon;
}

static struct classification score(struct lexicon *lexicon, const char *narrative)
{
	struct tip tip = { .narrative = narrative, .narrative_len = strlen(narrative) };
	struct classification out;
	struct err err = ERR_INIT;

	assert_int_equal(lexicon_score(lexicon, &tip, &out, &err), 0);
	return out;
}

static const struct {
	const char *patterns, *narrative, *evidence; /* NULL: not met */
} matches[] = {
	{ "brib*", "He took a BRIBE.", "BRIBE" },
	{ "brib*", "Bribery, it was", "Bribery" },
	{ "brib*", "the scribe wrote", NULL },
	{ "pay off", "a pay-off\nof his", "pay-off" },
	{ "pay off", "They pay. Off he went", NULL },
	{ "didn't pay", "he didn\xe2\x80\x99t  pay me", "didn\xe2\x80\x99t  pay" },
	{ "didn't pay", "he didnt pay", "didnt pay" },
	{ "'(hit|kick) (me|us)'", "they kick us", "kick us" },
	{ "'(hit|kick) (me|us)'", "they kick them", NULL },
	{ "'(very )?rude'", "very rude", "very rude" },
	{ "keep* quiet", "keeping quiet about", "keeping quiet" },
	{ "keep* quiet", "keep it quiet", NULL },
	{ "'told ... raid*'", "he told them of the raids", "told them of the raids" },
	{ "'told ... raid*'", "he told them. The raids", NULL },
	{ "'told ... raid'", "told about this and that and all the other things before the raid", NULL },
	{ "'told raid'", "told raid", "told raid" },
	{ "'a ... b'", "a b", "a b" },
	{ "'/x{3}/'", "yxxxz", "xxx" },
	{ "caf\xc3\xa9", "the caf\xc3\xa9 there", "caf\xc3\xa9" },
	{ "'\xc2\xa3" "50'", "it was \xc2\xa3" "50!", "\xc2\xa3" "50" },
};

static void patterns_match(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(matches) / sizeof(matches[0]); i++) {
		struct lexicon *lexicon;
		struct classification out;

		lexicon = lexicon_of(matches[i].patterns);
		out = score(lexicon, matches[i].narrative);
		if (lexicon_met(lexicon, 0) != (matches[i].evidence != NULL))
			fail_msg("%s on \"%s\"", matches[i].patterns, matches[i].narrative);
		if (matches[i].evidence) {
			const struct evidence *e = &out.evidence[0];

			assert_true(out.n_evidence >= 1);
			if (e->end - e->start != strlen(matches[i].evidence) ||
			    memcmp(matches[i].narrative + e->start, matches[i].evidence, e->end - e->start) != 0)
				fail_msg("%s on \"%s\": %u to %u", matches[i].patterns, matches[i].narrative, e->start, e->end);
		}
		lexicon_free(lexicon);
	}
}

static void scores_can_be_redone(void **state)
{
	struct lexicon *lexicon = lexicon_of("brib*");
	struct classification out = score(lexicon, "A bribe, and bribes again.");

	(void)state;
	assert_int_equal(out.n_labels, 2);
	assert_int_equal(out.labels[0].category, CORRUPTION);
	assert_float_equal(out.labels[0].score, 0.881, 0.0005); /* 1 / (1 + e^-2) */
	assert_float_equal(out.labels[1].score, 0.865, 0.0005); /* that * (1 - e^-4) */
	assert_float_equal(out.risk, 0.119, 0.0005);
	assert_float_equal(out.out_of_scope, 0.023, 0.0005);
	assert_int_equal(out.n_evidence, 2);
	out = score(lexicon, "He was rude.");
	assert_int_equal(out.n_labels, 1);
	assert_int_equal(out.labels[0].category, OUT_OF_SCOPE);
	assert_true(slice_equal(out.refer_to, slice_str("complaints")));
	out = score(lexicon, "Nothing here.");
	assert_int_equal(out.n_labels, 0);
	assert_int_equal(out.n_evidence, 0);
	lexicon_free(lexicon);
}

/* What a tip lacks speaks for out-of-scope at most twice as loud as what its narrative says. */
static void what_is_missing_is_no_evidence(void **state)
{
	static const char text[] = HEAD EMPTY("corruption") EMPTY("abuse-of-position") EMPTY("domestic-abuse")
		EMPTY("discrimination") EMPTY("risk")
		"  out-of-scope: {bias: -1, damp: 0, entries: [{name: no-police, weight: 3, missing: true, match: [police]}, "
		"{name: nobody, weight: 3, fact: no-subjects}, {name: slow, weight: 1, match: [slow]}, "
		"{name: stolen, weight: 4, match: [stolen]}, {name: bus, weight: -1, match: [bus]}, "
		"{name: close, weight: 2, in: relation, match: [neighbour]}]}\n";
	static const struct {
		const char *narrative, *relation;
		double scope;
	} cases[] = {
		{ "hello", NULL, 0.269 },          /* -1 */
		{ "hello", "neighbour", 0.731 },   /* -1 + 2: a relation is said, but allows nothing that is missing */
		{ "bus", NULL, 0.119 },            /* -1 - 1: what speaks against it allows nothing either */
		{ "slow", NULL, 0.881 },           /* -1 + 1 + 2 of 6 */
		{ "slow police", NULL, 0.881 },    /* -1 + 1 + 2 of 3 */
		{ "stolen", NULL, 1.000 },         /* -1 + 4 + 6 */
	};
	struct lexicon *lexicon = NULL;
	struct err err = ERR_INIT;

	(void)state;
	if (lexicon_parse(&lexicon, "test.yaml", slice_str(text), &err) != 0)
		fail_msg("%s", err.text);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tip tip = { .narrative = cases[i].narrative, .narrative_len = strlen(cases[i].narrative) };
		struct classification out;

		tip.relation = cases[i].relation;
		assert_int_equal(lexicon_score(lexicon, &tip, &out, &err), 0);
		if (out.out_of_scope < cases[i].scope - 0.0005 || out.out_of_scope > cases[i].scope + 0.0005)
			fail_msg("%s: %.3f, not %.3f", cases[i].narrative, (double)out.out_of_scope, cases[i].scope);
	}
	lexicon_free(lexicon);
}

static const struct {
	const char *text, *says;
} wrongs[] = {
	{ "", "empty" },
	{ HEAD EMPTY("corruption"), "missing" },
	{ HEAD "  nonsense: {bias: 0, entries: []}\n" EMPTY("corruption") OTHERS, "nonsense" },
	{ ENTRY "{name: a, weight: 1, match: ['(a']}\n" OTHERS, "test.yaml:7" },
	{ ENTRY "{name: a, weight: 1, match: ['a)']}\n" OTHERS, "test.yaml:7" },
	{ ENTRY "{name: a, weight: 1, match: ['a*b']}\n" OTHERS, "test.yaml:7" },
	{ ENTRY "{name: a, weight: 1, match: ['/(/']}\n" OTHERS, "test.yaml:7" },
	{ ENTRY "{name: a, weight: 1, match: ['--']}\n" OTHERS, "test.yaml:7" },
	{ ENTRY "{name: a, match: [a]}\n" OTHERS, "weight" },
	{ ENTRY "{name: a, weight: x, match: [a]}\n" OTHERS, "test.yaml:7" },
	{ ENTRY "{name: a, weight: 1}\n" OTHERS, "match" },
	{ ENTRY "{name: a, weight: 1, sub: sexual, match: [a]}\n" OTHERS, "sexual" },
	{ ENTRY "{name: rude, weight: 1, match: [a]}\n" OTHERS, "second time" },
	{ ENTRY "{name: a, wieght: 1, match: [a]}\n" OTHERS, "wieght" },
};

static void mistakes_are_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		struct lexicon *lexicon = NULL;
		struct err err = ERR_INIT;

		assert_int_equal(lexicon_parse(&lexicon, "test.yaml", slice_str(wrongs[i].text), &err), -1);
		if (!strstr(err.text, wrongs[i].says))
			fail_msg("%zu: %s", i, err.text);
		assert_int_equal(err.kind, ERR_CONFIG);
		assert_null(lexicon);
	}
}

static void the_shipped_lexicon_loads(void **state)
{
	struct lexicon *lexicon = NULL;
	struct err err = ERR_INIT;
	struct buf flood = BUF_INIT;
	struct classification out;

	(void)state;
	if (lexicon_load(&lexicon, "workers/classify/lexicon.yaml", &err) != 0)
		fail_msg("%s", err.text);
	for (unsigned i = 0; i < 3000; i++)
		buf_printf(&flood, "%s took a bribe. Slapped her, racist. ", i % 2 ? "He" : "My husband, a police officer,");
	out = score(lexicon, buf_text(&flood));
	assert_true(out.n_evidence > 0 && out.n_evidence <= EVIDENCE_MAX);
	for (size_t i = 0; i < out.n_evidence; i++)
		assert_true(out.evidence[i].start < out.evidence[i].end && out.evidence[i].end <= flood.len);
	score(lexicon, "\xff\xfe\xc2\xe2\x80");
	buf_release(&flood);
	lexicon_free(lexicon);
}

static void normal_text(void **state)
{
	static const char source[] = "Don\xe2\x80\x99t \xe2\x80\x93 he\nkept \xc2\xa3" "5!";
	struct normal normal = { 0 };

	(void)state;
	normal_set(&normal, source, strlen(source));
	assert_int_equal(normal.len, strlen(" dont he . kept \xc2\xa3" "5 . "));
	assert_memory_equal(normal.text, " dont he . kept \xc2\xa3" "5 . ", normal.len);
	assert_int_equal(normal.origin[normal.len], strlen(source));
	normal_release(&normal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_match),
		cmocka_unit_test(scores_can_be_redone),
		cmocka_unit_test(what_is_missing_is_no_evidence),
		cmocka_unit_test(mistakes_are_named),
		cmocka_unit_test(the_shipped_lexicon_loads),
		cmocka_unit_test(normal_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
