/* listen_password - lines for the file of --auth, from a password. */
#include "listen.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli.h"

enum { MAX_PASSWORD = 1024 };

/* One line; a terminal does not show it. */
static bool
ask(char *out, size_t size)
{
	struct termios was, silent;
	bool tty = tcgetattr(STDIN_FILENO, &was) == 0, got;

	if (tty) {
		silent = was;
		silent.c_lflag &= ~(tcflag_t)ECHO;
		fputs("Password: ", stderr);
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
	}
	got = fgets(out, (int)size, stdin) != NULL;
	if (tty) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
		fputs("\n", stderr);
	}
	return got;
}

int
listen_hash_password(const struct options *o)
{
	static const enum sr_digest algs[] = { SR_SHA512_256, SR_SHA256 };
	char text[MAX_PASSWORD];
	struct sr_str password;
	struct sr_buf b;
	int err = SR_OK;

	if (!ask(text, sizeof(text)))
		return cli_usage("there is no password on standard input");
	password = sr_cstr(text);
	while (password.n > 0 && strchr("\r\n", password.p[password.n - 1]))
		password.n--;
	sr_buf_init(&b, 16384);
	for (size_t i = 0; i < 2 && err == SR_OK; i++)
		err = sr_auth_line(&b, &sr_crypto_openssl, algs[i],
		    sr_cstr(o->hash_user), sr_cstr(o->realm), password);
	sr_wipe(text, sizeof(text));
	if (err == SR_OK)
		cli_put(sr_buf_str(&b));
	sr_buf_free(&b);
	return err != SR_OK ? cli_usage("no such user, realm or password can "
	    "be: a colon or quote stands where none may") : cli_stdout();
}
