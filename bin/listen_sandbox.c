/* listen_sandbox - after the start the process has what it needs, and no more:
 * the directories that it was told of (Landlock), the system calls that it
 * makes (seccomp), no new rights, no core that would show keys.
 *
 * A program that the operator wants run would inherit all that: with
 * --on-event, --on-stream or --encrypt-to there are only the last two. */
#include "listen.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#ifdef WITH_SECCOMP
#include <seccomp.h>
#endif

#include "cli.h"

/* Sanitizers look at the process from outside. */
#ifdef __SANITIZE_ADDRESS__
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

static bool
runs_programs(const struct options *o)
{
	return o->on_event != NULL || o->record.on_stream != NULL ||
	    o->secure.encrypt_to != NULL;
}

/* ---- keys stay in memory ---- */

int
sandbox_begin(struct server *s)
{
	struct rlimit none = { 0, 0 };

	if (s->o->secure.no_sandbox || SANITIZED)
		return CLI_OK;
	if (setrlimit(RLIMIT_CORE, &none) != 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
		cli_warn("sandbox: %s", strerror(errno));
		return CLI_SYSTEM;
	}
	return CLI_OK;
}

/* ---- files: before the first thread, for it holds for later ones only ---- */

enum {
	READING = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
	WRITING = READING | LANDLOCK_ACCESS_FS_WRITE_FILE |
	    LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
	    LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
	    LANDLOCK_ACCESS_FS_MAKE_SOCK,
	FILE_ONLY = LANDLOCK_ACCESS_FS_READ_FILE |
	    LANDLOCK_ACCESS_FS_WRITE_FILE
};
/* Of the first version of the interface, which every Landlock has. */
enum { HANDLED = (1 << 13) - 1 };

/* What is not there needs no rule. */
static void
permit(int rules, const char *path, uint64_t what)
{
	struct landlock_path_beneath_attr a = { .allowed_access = what };
	struct stat st;

	a.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (a.parent_fd < 0)
		return;
	if (fstat(a.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		a.allowed_access &= FILE_ONLY;
	syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &a,
	    0);
	close(a.parent_fd);
}

/* The directory of a file: it may be replaced by another of its name. */
static void
permit_beside(int rules, const char *file, uint64_t what)
{
	char path[PATH_MAX], real[PATH_MAX], *slash;

	if (file == NULL || strlen(file) >= sizeof(path))
		return;
	if (realpath(file, real) != NULL && (slash = strrchr(real, '/'))) {
		slash[slash == real] = '\0';
		permit(rules, real, what);
	}
	strcpy(path, file);
	slash = strrchr(path, '/');
	if (slash == NULL)
		strcpy(path, ".");
	else
		slash[slash == path] = '\0';
	permit(rules, path, what);
}

/* What there is of the way to the recordings. */
static void
permit_output(int rules, const char *dir)
{
	char path[PATH_MAX], *slash;

	if (strlen(dir) >= sizeof(path))
		return;
	strcpy(path, dir);
	path[strcspn(path, "%")] = '\0';
	if (strchr(dir, '%') != NULL) {
		slash = strrchr(path, '/');
		*(slash != NULL ? slash + (slash == path) : path) = '\0';
	}
	while (path[0] != '\0' && access(path, F_OK) != 0) {
		slash = strrchr(path, '/');
		*(slash != NULL ? slash + (slash == path) : path) = '\0';
	}
	permit(rules, path[0] != '\0' ? path : ".", WRITING);
}

static void
permit_options(int rules, const struct options *o)
{
	const struct secure *c = &o->secure;
	const char *const read[] = { o->tls_ca, o->tls_crl, o->auth,
	    o->password_file, c->signers_ca };
	const char *const written[] = { o->log, o->clf, o->control };

	struct stat st;

	permit_output(rules, o->record.dir);
	if (store_is_kept(o) && strncmp(o->store.url, "sqlite:", 7) == 0)
		permit_beside(rules, o->store.url + 7, WRITING);
	permit_beside(rules, o->store.password_file, READING);
	for (size_t i = 0; i < sizeof(read) / sizeof(*read); i++)
		permit_beside(rules, read[i], READING);
	for (size_t i = 0; i < sizeof(written) / sizeof(*written); i++)
		permit_beside(rules, written[i], WRITING);
	for (size_t i = 0; i < c->ncerts; i++) {
		permit_beside(rules, c->pairs[i].cert, READING);
		permit_beside(rules, c->pairs[i].key, READING);
	}
	for (size_t i = 0; i < c->nsigners; i++)
		permit_beside(rules, secure_signer(c->signers[i],
		    &(struct sr_str){ NULL, 0 }), READING);
	/* SIGHUP reads the command line again, and the file that it names. */
	for (int i = 1; i < o->argc; i++) {
		const char *v = strchr(o->argv[i], '=');

		v = v != NULL ? v + 1 : o->argv[i];
		if (stat(v, &st) == 0 && S_ISREG(st.st_mode))
			permit_beside(rules, v, READING);
	}
}

/* Names of hosts and users, time zones, authorities, late libraries. */
static void
permit_system(int rules)
{
	static const char *const read[] = { "/etc/resolv.conf", "/etc/hosts",
	    "/etc/host.conf", "/etc/nsswitch.conf", "/etc/gai.conf",
	    "/etc/services", "/etc/passwd", "/etc/group", "/etc/localtime",
	    "/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/etc/pki/tls",
	    "/etc/ld.so.cache", "/usr/lib", "/usr/lib64", "/lib", "/lib64",
	    "/usr/share/zoneinfo", "/usr/share/ca-certificates",
	    "/run/systemd/resolve", "/dev/urandom", "/dev/random" };

	for (size_t i = 0; i < sizeof(read) / sizeof(*read); i++)
		permit(rules, read[i], READING);
	permit(rules, "/dev/null", FILE_ONLY);
}

int
sandbox_files(struct server *s)
{
	struct landlock_ruleset_attr a = { .handled_access_fs = HANDLED };
	int rules;

	if (s->o->secure.no_sandbox || SANITIZED || runs_programs(s->o))
		return CLI_OK;
	rules = (int)syscall(SYS_landlock_create_ruleset, &a, sizeof(a), 0);
	if (rules < 0)		/* a kernel without it, or with it turned off */
		return CLI_OK;
	permit_system(rules);
	permit_options(rules, s->o);
	if (syscall(SYS_landlock_restrict_self, rules, 0) != 0)
		cli_warn("sandbox: Landlock: %s", strerror(errno));
	close(rules);
	return CLI_OK;
}

/* ---- system calls ---- */

#ifdef WITH_SECCOMP
#define N(call) SCMP_SYS(call)
/* What is not here fails with EPERM, and the recording goes on. */
static const int allowed[] = {
	/* files */
	N(read), N(readv), N(pread64), N(write), N(writev), N(pwrite64),
	N(open), N(openat), N(close), N(stat), N(fstat), N(lstat),
	N(newfstatat), N(statx), N(statfs), N(fstatfs), N(lseek),
	N(ftruncate), N(fallocate), N(fsync), N(fdatasync), N(fadvise64),
	N(rename), N(renameat), N(renameat2), N(unlink), N(unlinkat),
	N(rmdir), N(mkdir), N(mkdirat), N(chmod), N(fchmod), N(fchmodat),
	N(umask), N(getdents64), N(access), N(faccessat), N(faccessat2),
	N(readlink), N(readlinkat), N(getcwd), N(fcntl), N(ioctl), N(dup),
	N(dup2), N(dup3), N(pipe2), N(flock),
	/* sockets */
	N(socket), N(socketpair), N(bind), N(listen), N(accept), N(accept4),
	N(connect), N(getsockname), N(getpeername), N(setsockopt),
	N(getsockopt), N(sendto), N(sendmsg), N(sendmmsg), N(recvfrom),
	N(recvmsg), N(recvmmsg), N(shutdown),
	/* waiting */
	N(poll), N(ppoll), N(select), N(pselect6), N(epoll_create1),
	N(epoll_ctl), N(epoll_wait), N(epoll_pwait), N(epoll_pwait2),
	N(eventfd2), N(timerfd_create), N(timerfd_settime),
	N(timerfd_gettime), N(nanosleep), N(clock_nanosleep),
	N(restart_syscall),
	/* memory, threads, time */
	N(mmap), N(munmap), N(mremap), N(mprotect), N(madvise), N(brk),
	N(futex), N(set_robust_list), N(get_robust_list), N(rseq),
	N(sched_yield), N(sched_getaffinity), N(sched_setaffinity),
	N(membarrier), N(arch_prctl), N(gettid), N(getpid), N(getppid),
	N(getuid), N(geteuid), N(getgid), N(getegid), N(tgkill), N(exit),
	N(exit_group), N(clock_gettime), N(clock_getres), N(gettimeofday),
	N(time), N(getrandom), N(uname), N(sysinfo), N(getrlimit),
	N(getrusage), N(times),
	/* signals */
	N(rt_sigaction), N(rt_sigprocmask), N(rt_sigreturn),
	N(rt_sigtimedwait), N(sigaltstack)
};

static int
filter(void)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int err = f == NULL ? -ENOMEM : 0;

	for (size_t i = 0; err == 0 && i < sizeof(allowed) / sizeof(*allowed);
	    i++)
		err = seccomp_rule_add(f, SCMP_ACT_ALLOW, allowed[i], 0);
	/* Threads, no processes; clone3 hides its flags, and the C library
	 * knows what to do without it. */
	if (err == 0)
		err = seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), N(clone3), 0);
	if (err == 0)
		err = seccomp_rule_add(f, SCMP_ACT_ALLOW, N(clone), 1,
		    SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
	/* Limits may be looked at, not changed; threads may get names. */
	if (err == 0)
		err = seccomp_rule_add(f, SCMP_ACT_ALLOW, N(prlimit64), 1,
		    SCMP_A2(SCMP_CMP_EQ, 0));
	if (err == 0)
		err = seccomp_rule_add(f, SCMP_ACT_ALLOW, N(prctl), 1,
		    SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
	if (err == 0)	/* the threads that there are, too */
		err = seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1);
	if (err == 0)
		err = seccomp_load(f);
	seccomp_release(f);
	return err;
}
#endif

/* A new identity makes a process dumpable again: this comes behind it. */
int
sandbox_calls(struct server *s)
{
	if (s->o->secure.no_sandbox || SANITIZED)
		return CLI_OK;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
		cli_warn("sandbox: %s", strerror(errno));
		return CLI_SYSTEM;
	}
#ifdef WITH_SECCOMP
	int err;

	if (!runs_programs(s->o) && (err = filter()) != 0)
		cli_warn("sandbox: seccomp: %s: it is without", strerror(-err));
#endif
	return CLI_OK;
}
