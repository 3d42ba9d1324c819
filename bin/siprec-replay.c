/* siprec-replay - the recording client: calls of its own, or played again. */
#include <stdio.h>

#include "cli.h"
#include "replay.h"

static int
list(const struct options *o)
{
	size_t n;

	if (o->list_flows) {
		const struct sr_call_flow *f;

		for (size_t i = 0; (f = sr_call_flow(i)) != NULL; i++)
			printf("%-22s %s\n", f->name, f->text);
	} else {
		const struct sr_dialect *d = sr_dialects(&n);

		for (size_t i = 0; i < n; i++)
			printf("%-22s %s\n", d[i].name, d[i].text);
	}
	return fflush(stdout) == 0 ? CLI_OK : CLI_IOERR;
}

int
main(int argc, char *argv[])
{
	struct pieces p = { .n = 0 };
	struct options o;
	bool done;
	int status;

	cli_init("siprec-replay");
	status = replay_options(&o, argc, argv, &done);
	if (status == CLI_OK && !done) {
		if (o.list_flows || o.list_dialects) {
			status = list(&o);
		} else {
			status = replay_source(&o, &p);
			if (o.conformance || o.calls == 0)
				o.calls = p.n;
			if (status == CLI_OK)
				status = o.write != NULL ?
				    replay_virtual(&o, &p) :
				    replay_live(&o, &p);
			status = cli_worst(status, cli_stdout());
		}
	}
	pieces_free(&p);
	replay_options_free(&o);
	return status;
}
