/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "workers/classify/lexicon_inner.h"

#define SHORT_NARRATIVE 80 /* bytes */
#define LACK_TIMES 2

static int scan_fields(struct lexicon *lexicon, const struct tip *tip, struct err *err)
{
	if (lexicon_scan(lexicon, FIELD_NARRATIVE, tip->narrative, tip->narrative_len, err) != 0)
		return -1;
	if (tip->relation && lexicon_scan(lexicon, FIELD_RELATION, tip->relation, strlen(tip->relation), err) != 0)
		return -1;
	if (tip->when && lexicon_scan(lexicon, FIELD_WHEN, tip->when, strlen(tip->when), err) != 0)
		return -1;
	for (size_t i = 0; i < tip->n_subjects; i++) {
		const char *rank = tip->subjects[i].rank;

		if (rank && lexicon_scan(lexicon, FIELD_RANK, rank, strlen(rank), err) != 0)
			return -1;
	}
	return 0;
}

static bool fact_holds(enum fact fact, const struct tip *tip)
{
	return fact == FACT_NO_SUBJECTS ? tip->n_subjects == 0 : tip->narrative_len < SHORT_NARRATIVE;
}

static void settle(struct lexicon *lexicon, const struct tip *tip)
{
	for (size_t i = 0; i < lexicon->n_entries; i++) {
		const struct entry *entry = &lexicon->entries[i];

		if (entry->fact != FACT_NONE)
			lexicon->met[i] = fact_holds(entry->fact, tip);
		if (entry->missing)
			lexicon->met[i] = !lexicon->met[i];
	}
}

static double logistic(double log_odds)
{
	return 1 / (1 + exp(-log_odds));
}

static float rounded(double score)
{
	return (float)(round(score * 1000) / 1000);
}

static void sum_up(const struct lexicon *lexicon, double log_odds[N_TARGETS])
{
	for (int t = 0; t < N_TARGETS; t++)
		log_odds[t] = (double)lexicon->bias[t];
	for (size_t i = 0; i < lexicon->n_entries; i++)
		for (int t = 0; lexicon->met[i] && t < N_TARGETS; t++)
			log_odds[t] += (double)lexicon->entries[i].weights[t];
}

/*
 * What is missing from a tip (names, a word for police) says little: a tip in a language that the lexicon does not know
 * misses all. So for "not for this hotline" it counts at most twice what words of the narrative say for it.
 */
static double unsaid(const struct lexicon *lexicon)
{
	double said = 0, missing = 0;

	for (size_t i = 0; i < lexicon->n_entries; i++) {
		const struct entry *entry = &lexicon->entries[i];
		double weight = (double)entry->weights[OUT_OF_SCOPE];

		if (!lexicon->met[i] || weight <= 0)
			continue;
		if (entry->missing || entry->fact != FACT_NONE)
			missing += weight;
		else if (lexicon->n_places[i])
			said += weight;
	}
	return missing > LACK_TIMES * said ? missing - LACK_TIMES * said : 0;
}

static void add_label(struct classification *out, int category, const char *sub, double score)
{
	struct label *label = &out->labels[out->n_labels];

	if (out->n_labels == LABELS_MAX)
		return;
	label->category = (uint8_t)category;
	label->subcode = sub ? slice_str(sub) : slice_of(NULL, 0);
	label->score = rounded(score);
	out->n_labels++;
}

static bool has_sub(const struct entry *entry, int category, size_t sub)
{
	if (entry->category != category)
		return false;
	for (size_t i = 0; i < entry->n_subs; i++)
		if (entry->subs[i] == sub)
			return true;
	return false;
}

static double sub_weight(const struct lexicon *lexicon, int category, size_t sub)
{
	double weight = 0;

	for (size_t i = 0; i < lexicon->n_entries; i++)
		if (lexicon->met[i] && has_sub(&lexicon->entries[i], category, sub))
			weight += (double)lexicon->entries[i].weight;
	return weight > 0 ? weight : 0;
}

static void label_category(const struct lexicon *lexicon, int category, double score, struct classification *out)
{
	const char *const *subs = category_subcodes[category];

	if (score < (double)lexicon->report_above)
		return;
	add_label(out, category, NULL, score);
	for (size_t i = 0; subs[i]; i++) {
		double sub_score = score * (1 - exp(-sub_weight(lexicon, category, i)));

		if (sub_score >= (double)lexicon->report_above)
			add_label(out, category, subs[i], sub_score);
	}
}

static struct slice refer_target(const struct lexicon *lexicon)
{
	double sums[REFERS_MAX] = { 0 };
	size_t best = 0;

	for (size_t i = 0; i < lexicon->n_entries; i++)
		if (lexicon->met[i] && lexicon->entries[i].refer >= 0)
			sums[lexicon->entries[i].refer] += (double)lexicon->entries[i].weight;
	for (size_t i = 1; i < lexicon->n_refers; i++)
		if (sums[i] > sums[best])
			best = i;
	return sums[best] > 0 ? slice_str(lexicon->refers[best]) : slice_of(NULL, 0);
}

static void label_all(const struct lexicon *lexicon, struct classification *out)
{
	double log_odds[N_TARGETS], highest = 0, scope;

	sum_up(lexicon, log_odds);
	log_odds[OUT_OF_SCOPE] -= unsaid(lexicon);
	for (int c = 0; c < N_CATEGORIES; c++) {
		double score = logistic(log_odds[c]);

		if (c == OUT_OF_SCOPE)
			continue;
		label_category(lexicon, c, score, out);
		highest = score > highest ? score : highest;
	}
	scope = logistic(log_odds[OUT_OF_SCOPE] - (double)lexicon->damp * highest);
	label_category(lexicon, OUT_OF_SCOPE, scope, out);
	out->out_of_scope = rounded(scope);
	out->risk = rounded(logistic(log_odds[TARGET_RISK]));
	if (scope >= (double)lexicon->report_above)
		out->refer_to = refer_target(lexicon);
}

static float heaviness(const struct entry *entry)
{
	float most = 0;

	for (int t = 0; t < N_TARGETS; t++)
		most = fabsf(entry->weights[t]) > most ? fabsf(entry->weights[t]) : most;
	return most;
}

/* The lightest evidence that is kept when there is too much: everything heavier fits. */
static float evidence_floor(const struct lexicon *lexicon)
{
	float floor = 0;

	for (;;) {
		float next = INFINITY;
		size_t n = 0;

		for (size_t i = 0; i < lexicon->n_entries; i++) {
			float heavy = heaviness(&lexicon->entries[i]);

			if (!lexicon->n_places[i] || heavy <= floor)
				continue;
			n += lexicon->n_places[i];
			next = heavy < next ? heavy : next;
		}
		if (n <= EVIDENCE_MAX)
			return floor;
		floor = next;
	}
}

static void insert_evidence(struct classification *out, struct evidence evidence)
{
	size_t i = out->n_evidence++;

	for (; i > 0 && (evidence.start < out->evidence[i - 1].start ||
			 (evidence.start == out->evidence[i - 1].start && evidence.end < out->evidence[i - 1].end)); i--)
		out->evidence[i] = out->evidence[i - 1];
	out->evidence[i] = evidence;
}

static void gather_evidence(const struct lexicon *lexicon, struct classification *out)
{
	float floor = evidence_floor(lexicon);

	for (size_t i = 0; i < lexicon->n_entries; i++) {
		if (heaviness(&lexicon->entries[i]) <= floor)
			continue;
		for (uint8_t k = 0; k < lexicon->n_places[i] && out->n_evidence < EVIDENCE_MAX; k++) {
			const struct place *place = &lexicon->places[i * ENTRY_PLACES + k];

			insert_evidence(out, (struct evidence){ slice_str(lexicon->entries[i].name), place->start, place->end });
		}
	}
}

int lexicon_score(struct lexicon *lexicon, const struct tip *tip, struct classification *out, struct err *err)
{
	memset(out, 0, sizeof(*out));
	memset(lexicon->met, 0, lexicon->n_entries);
	memset(lexicon->n_places, 0, lexicon->n_entries);
	if (scan_fields(lexicon, tip, err) != 0)
		return -1;
	settle(lexicon, tip);
	label_all(lexicon, out);
	gather_evidence(lexicon, out);
	memcpy(out->lexicon_hash, lexicon->hash, HASH_BYTES);
	return 0;
}
