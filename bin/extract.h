/* extract: what the user of siprec-extract has asked for. */
#ifndef SIPREC_EXTRACT_H
#define SIPREC_EXTRACT_H

#include "siprec/out.h"

struct options {
	struct sr_record_cfg record;
	const char *iface, *bpf;
	const char **sessions;
	size_t nsessions;
	sr_time after, before;
	bool dry, xml, json, quiet, all, align, deskew;
	char **files;
};

/* CLI_OK: o is filled and there is work; otherwise *done says whether all
 * that was asked for (--help, --version) is done.  Free o in every case. */
int extract_options(struct options *o, int argc, char *argv[], bool *done);
void extract_options_free(struct options *o);

#endif
