/* Claims about time and waiting: lib/io/clock.c, loop.c. */
#include "unit/test.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "siprec/io.h"

struct seen {
	struct sr_loop *loop;
	struct sr_wake *wake;
	int n, stop_at;
	sr_time at;
};

static void
count(struct seen *s)
{
	if (++s->n == s->stop_at)
		sr_loop_stop(s->loop);
}

static void
on_wake(void *arg, sr_time now)
{
	struct seen *s = arg;

	s->at = now;
	count(s);
}

static void
on_defer(void *arg)
{
	count(arg);
}

static void
on_signal(void *arg, int signo)
{
	((struct seen *)arg)->at = signo;
	count(arg);
}

static void
on_fd(void *arg, int fd)
{
	char c;

	CHECK_EQ(read(fd, &c, 1), 1);
	count(arg);
}

static void *
other_thread(void *arg)
{
	sr_loop_defer(((struct seen *)arg)->loop, on_defer, arg);
	return NULL;
}

TEST(our_clock_stands_near_the_wall_clock_and_never_goes_back)
{
	sr_time a = sr_now(), b;

	for (int i = 0; i < 1000; i++, a = b) {
		b = sr_now();
		CHECK(b >= a);
	}
	CHECK(sr_wall_offset() < SR_SEC && sr_wall_offset() > -SR_SEC);
	CHECK(a > 1577836800 * SR_SEC);
}

TEST(a_wake_up_comes_at_its_time_and_can_be_moved)
{
	struct seen s = { .stop_at = 1 };
	sr_time begin;

	CHECK_EQ(sr_loop_new(&s.loop), SR_OK);
	CHECK_EQ(sr_wake_new(&s.wake, s.loop, on_wake, &s), SR_OK);
	begin = sr_now();
	sr_wake_at(s.wake, begin + 60 * SR_SEC);
	sr_wake_at(s.wake, begin + 15 * SR_MSEC);
	CHECK_EQ(sr_loop_run(s.loop), SR_OK);
	CHECK(s.at >= begin + 15 * SR_MSEC);
	CHECK(s.at < begin + 500 * SR_MSEC);
	sr_wake_at(s.wake, begin);
	sr_wake_at(s.wake, SR_NEVER);
	sr_loop_run_until(s.loop, sr_now() + 10 * SR_MSEC);
	CHECK_EQ(s.n, 1);
	sr_wake_at(s.wake, begin);	/* long ago: at once */
	sr_loop_run_until(s.loop, sr_now() + 10 * SR_MSEC);
	CHECK_EQ(s.n, 2);
	sr_wake_free(s.wake);
	sr_loop_free(s.loop);
}

TEST(deferred_work_is_done_later_by_any_threads_wish_and_can_be_forgotten)
{
	struct seen s = { .stop_at = 2 }, gone = { .stop_at = 0 };
	pthread_t t;

	CHECK_EQ(sr_loop_new(&s.loop), SR_OK);
	CHECK_EQ(sr_loop_defer(s.loop, on_defer, &s), SR_OK);
	CHECK_EQ(sr_loop_defer(s.loop, on_defer, &gone), SR_OK);
	CHECK_EQ(s.n, 0);
	sr_loop_undefer(s.loop, &gone);
	CHECK_EQ(pthread_create(&t, NULL, other_thread, &s), 0);
	CHECK_EQ(sr_loop_run(s.loop), SR_OK);
	CHECK_EQ(s.n, 2);
	CHECK_EQ(gone.n, 0);
	pthread_join(t, NULL);
	sr_loop_defer(s.loop, on_defer, &s);	/* freed, not done */
	sr_loop_free(s.loop);
}

TEST(signals_and_descriptors_are_events)
{
	struct seen s = { .stop_at = 1 };
	struct sr_watch *w;
	int fd[2];

	CHECK_EQ(sr_loop_new(&s.loop), SR_OK);
	CHECK_EQ(sr_loop_signal(s.loop, SIGUSR1, on_signal, &s), SR_OK);
	raise(SIGUSR1);
	CHECK_EQ(sr_loop_run(s.loop), SR_OK);
	CHECK_EQ(s.at, SIGUSR1);
	CHECK_EQ(pipe(fd), 0);
	CHECK_EQ(sr_watch_new(&w, s.loop, fd[0], on_fd, &s), SR_OK);
	CHECK_EQ(write(fd[1], "x", 1), 1);
	sr_watch_pause(w, true);
	sr_loop_run_until(s.loop, sr_now() + 5 * SR_MSEC);
	CHECK_EQ(s.n, 1);
	sr_watch_pause(w, false);
	sr_loop_run_until(s.loop, sr_now() + 5 * SR_MSEC);
	CHECK_EQ(s.n, 2);
	sr_watch_free(w);
	close(fd[0]);
	close(fd[1]);
	sr_loop_free(s.loop);
}
