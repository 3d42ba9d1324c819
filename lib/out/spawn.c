/* spawn - runs somebody's program, with something to read. */
#include "priv.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;

static bool
ours(const char *entry, const struct variable *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t k = strlen(v[i].name);

		if (strncmp(entry, v[i].name, k) == 0 && entry[k] == '=')
			return true;
	}
	return false;
}

/* Ours instead of those of the same names that we were given ourselves. */
static char **
environment(const struct variable *v, size_t n)
{
	size_t have = 0, k = 0;
	char **env;

	while (environ[have] != NULL)
		have++;
	if ((env = calloc(have + n + 1, sizeof(*env))) == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (asprintf(&env[k], "%s=%.*s", v[i].name,
		    SR_FMT(v[i].value)) > 0)
			k++;
	for (size_t i = 0; i < have; i++)
		if (!ours(environ[i], v, n))
			env[k++] = environ[i];
	env[k] = NULL;
	return env;
}

/* Standard output is where our events go: theirs goes to standard error.
 * Signals are as a program expects them to be. */
static int
start(pid_t *pid, const char *command, int in, char **env)
{
	char *argv[] = { (char *)(uintptr_t)"sh", (char *)(uintptr_t)"-c",
	    (char *)(uintptr_t)command, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, pipes;
	int err;

	sigemptyset(&none);
	sigemptyset(&pipes);
	sigaddset(&pipes, SIGPIPE);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, in, 0);
	posix_spawn_file_actions_adddup2(&files, 2, 1);
	posix_spawn_file_actions_addclosefrom_np(&files, 3);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &pipes);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK |
	    POSIX_SPAWN_SETSIGDEF);
	err = posix_spawn(pid, "/bin/sh", &files, &attr, argv, env);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	return err;
}

int
spawn_program(pid_t *pid, const char *command, int in,
    const struct variable *v, size_t n)
{
	char **env = environment(v, n);
	int err;

	if (env == NULL)
		return SR_ENOMEM;
	err = start(pid, command, in, env);
	for (size_t i = 0; env[i] != NULL && ours(env[i], v, n); i++)
		free(env[i]);
	free(env);
	if (err == 0)
		return SR_OK;
	errno = err;
	return SR_ESYS;
}
