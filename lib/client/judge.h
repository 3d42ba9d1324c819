/* judge: what the files of the judge share. */
#ifndef SIPREC_CLIENT_JUDGE_H
#define SIPREC_CLIENT_JUDGE_H

#include "client/priv.h"

struct hearing {
	const struct sr_check *c;
	const struct sr_step *step;
	const struct sr_seen *seen;
	const struct sr_msg *m;		/* what the server sent */
	struct sr_buf *why;
};

static inline enum sr_verdict
verdict(bool yes)
{
	return yes ? SR_PASS : SR_FAIL;
}

/* Does the body of m have a part of that kind? */
bool sr_judge_has(const struct sr_msg *m, enum sr_part_kind kind);

/* Of the offer and the answer: both are there. */
enum sr_verdict sr_judge_answered(struct hearing *k);
enum sr_verdict sr_judge_mlines(struct hearing *k);
enum sr_verdict sr_judge_taken(struct hearing *k);
enum sr_verdict sr_judge_two(struct hearing *k);
enum sr_verdict sr_judge_recvonly(struct hearing *k);
enum sr_verdict sr_judge_inactive(struct hearing *k);
enum sr_verdict sr_judge_zero(struct hearing *k);
enum sr_verdict sr_judge_formats(struct hearing *k);
enum sr_verdict sr_judge_labels(struct hearing *k);
enum sr_verdict sr_judge_no_record(struct hearing *k);
enum sr_verdict sr_judge_same_port(struct hearing *k);
enum sr_verdict sr_judge_same_lines(struct hearing *k);
enum sr_verdict sr_judge_all_inactive(struct hearing *k);
enum sr_verdict sr_judge_some_recvonly(struct hearing *k);
enum sr_verdict sr_judge_origin(struct hearing *k);

#endif
