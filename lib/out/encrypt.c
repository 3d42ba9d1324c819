/* encrypt - finished files go through age or gpg, for one who is not here: the
 * plain ones are removed. */
#include "priv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

const char *
encrypt_suffix(const struct sr_record_cfg *c)
{
	return c->encrypt_to == NULL ? "" :
	    strcmp(c->encrypt_with, "gpg") == 0 ? ".gpg" : ".age";
}

/* gpg's web of trust is not asked: the operator has named the key. */
static int
start(const struct sr_record_cfg *c, int in, int out, pid_t *pid)
{
	const char *const gpg[] = { "gpg", "--batch", "--quiet", "--no-tty",
	    "--trust-model", "always", "--recipient", c->encrypt_to,
	    "--encrypt", NULL };
	const char *const age[] = { "age", "-r", c->encrypt_to, NULL };
	const char *const *argv = strcmp(c->encrypt_with, "gpg") == 0 ? gpg :
	    age;
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none;
	int err;

	sigemptyset(&none);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, in, 0);
	posix_spawn_file_actions_adddup2(&files, out, 1);
	posix_spawn_file_actions_addclosefrom_np(&files, 3);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	err = posix_spawnp(pid, argv[0], &files, &attr,
	    (char *const *)(uintptr_t)argv, environ);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	return err;
}

int
sr_encrypt(const struct sr_record_cfg *c, int in, int out)
{
	int status = 0;
	pid_t pid;

	if ((errno = start(c, in, out, &pid)) != 0)
		return SR_ESYS;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return SR_ESYS;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return SR_OK;
	errno = EIO;
	return SR_ESYS;
}

/* The plain file goes when the other is whole and on the disk. */
int
encrypt_file(const struct sr_record_cfg *c, int dir, const char *name)
{
	char tmp[MAX_FILE_NAME + 16], last[MAX_FILE_NAME + 16];
	int in, out, err;

	snprintf(tmp, sizeof(tmp), ".%s.tmp", name);
	snprintf(last, sizeof(last), "%s%s", name, encrypt_suffix(c));
	if ((in = openat(dir, name, O_RDONLY | O_CLOEXEC)) < 0)
		return SR_ESYS;
	out = openat(dir, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
	    files_mode());
	err = out >= 0 ? sr_encrypt(c, in, out) : SR_ESYS;
	if (err == SR_OK && (fsync(out) != 0 ||
	    renameat(dir, tmp, dir, last) != 0 || unlinkat(dir, name, 0) != 0))
		err = SR_ESYS;
	if (out >= 0)
		close(out);
	close(in);
	if (err != SR_OK)
		unlinkat(dir, tmp, 0);
	return err;
}

static bool
is_plain(const struct sr_record_cfg *c, int dir, const char *name)
{
	size_t n = strlen(name), k = strlen(encrypt_suffix(c));
	struct stat st;

	return name[0] != '.' && (n < k ||
	    strcmp(name + n - k, encrypt_suffix(c)) != 0) &&
	    fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode);
}

/* Names first: the directory changes under our hands. */
int
encrypt_rest(const struct sr_record_cfg *c, int dir)
{
	struct dirent **v = NULL;
	int n = scandirat(dir, ".", &v, NULL, alphasort), err = SR_OK;

	for (int i = 0; i < n; i++) {
		if (is_plain(c, dir, v[i]->d_name) &&
		    encrypt_file(c, dir, v[i]->d_name) != SR_OK)
			err = SR_ESYS;
		free(v[i]);
	}
	free(v);
	return n < 0 ? SR_ESYS : err;
}
