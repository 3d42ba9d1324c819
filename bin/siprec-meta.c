/* siprec-meta - recording metadata: judge it, read it, turn it into what is
 * needed. */
#include "meta.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const struct command {
	const char *name;
	int (*run)(const struct meta_opts *);
	const char *args, *what;
} commands[] = {
	{ "validate", meta_validate, "FILE...",
	    "what breaks RFC 7865, where, and by which clause" },
	{ "show", meta_show, "FILE...",
	    "who was on the call, and heard where" },
	{ "get", meta_get, "THINGS FILE...",
	    "participants, streams, sessions, associations, extensions" },
	{ "convert", meta_convert, "--to xml|json|vcon FILE...",
	    "the same in another form" },
	{ "merge", meta_merge, "BASE PARTIAL...",
	    "the complete document after all updates" },
	{ "diff", meta_diff, "A B",
	    "what is said by one and not by the other" },
	{ "new", meta_new, "[FILE...]", "XML from our JSON" },
	{ "correlate", meta_correlate, "FILE...",
	    "which recordings belong to one call" },
	{ "timeline", meta_timeline, "FILE...",
	    "who was in which session and on which stream, when" }
};
enum { NCOMMANDS = sizeof(commands) / sizeof(*commands) };

static int
help(void)
{
	puts("usage: siprec-meta COMMAND [OPTION]... FILE...\n\n"
	    "A FILE is metadata XML, a multipart body, a SIP message, our "
	    "JSON, or a session\ndirectory, told apart by content; - is "
	    "standard input.\n");
	for (size_t i = 0; i < NCOMMANDS; i++)
		printf("  %-10s%-28s%s\n", commands[i].name, commands[i].args,
		    commands[i].what);
	puts("\n  --strict     take nothing that is not valid (default of "
	    "validate)\n"
	    "  --lenient    judge by what a recorder can make of it\n"
	    "  --sdp FILE   labels must be those of this SDP or SIP message\n"
	    "  --to FORM    of convert: xml, json or vcon\n"
	    "  --json       one JSON object a line\n"
	    "  --help, --version\n\n"
	    "Exit status: 0 good, 1 not valid or nothing found, 2 partial, "
	    "64 usage,\n66 no input, 71 system, 74 output.");
	return cli_stdout();
}

static const struct command *
find(const char *name)
{
	for (size_t i = 0; i < NCOMMANDS; i++)
		if (strcmp(name, commands[i].name) == 0)
			return &commands[i];
	return NULL;
}

static int
check(const struct command *c, struct meta_opts *o)
{
	static char dash[] = "-", *in[] = { dash, NULL };

	if (o->strict && o->lenient)
		return cli_usage("--strict and --lenient exclude each other");
	if (o->sdp != NULL && c->run != meta_validate)
		return cli_usage("--sdp goes with validate");
	if (o->json && (c->run == meta_get || c->run == meta_new ||
	    c->run == meta_convert))
		return cli_usage("--json does not go with %s: see "
		    "convert --to json", c->name);
	if (c->run == meta_convert && o->to == NULL)
		return cli_usage("convert needs --to xml, json or vcon");
	if (o->to != NULL && c->run != meta_convert)
		return cli_usage("--to goes with convert");
	if (o->to != NULL && strcmp(o->to, "xml") != 0 &&
	    strcmp(o->to, "json") != 0 && strcmp(o->to, "vcon") != 0)
		return cli_usage("cannot convert to %s", o->to);
	if (c->run == meta_new && o->nfiles == 0) {
		o->files = in;
		o->nfiles = 1;
	}
	if (o->nfiles == 0)
		return cli_usage("%s of which file?", c->name);
	return CLI_OK;
}

enum { STRICT = 256, LENIENT, SDP, TO, JSON, HELP, VERSION };
static const struct option options[] = {
	{ "strict", no_argument, NULL, STRICT },
	{ "lenient", no_argument, NULL, LENIENT },
	{ "sdp", required_argument, NULL, SDP },
	{ "to", required_argument, NULL, TO },
	{ "json", no_argument, NULL, JSON },
	{ "help", no_argument, NULL, HELP },
	{ "version", no_argument, NULL, VERSION },
	{ NULL, 0, NULL, 0 }
};

int
main(int argc, char *argv[])
{
	struct meta_opts o = { .strict = false };
	const struct command *c;
	int opt, status;

	cli_init("siprec-meta");
	while ((opt = getopt_long(argc, argv, "h", options, NULL)) != -1)
		switch (opt) {
		case STRICT: o.strict = true; break;
		case LENIENT: o.lenient = true; break;
		case SDP: o.sdp = optarg; break;
		case TO: o.to = optarg; break;
		case JSON: o.json = true; break;
		case 'h':
		case HELP: return help();
		case VERSION: cli_version(); return CLI_OK;
		default: return cli_usage("what was meant?");
		}
	if (optind == argc)
		return cli_usage("which command?");
	if ((c = find(argv[optind])) == NULL)
		return cli_usage("%s: no such command", argv[optind]);
	o.files = argv + optind + 1;
	o.nfiles = argc - optind - 1;
	if ((status = check(c, &o)) == CLI_OK)
		status = c->run(&o);
	return cli_worst(status, cli_stdout());
}
