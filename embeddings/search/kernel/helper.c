#include "helper.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>

enum { NOTHING, GIVEN, BEGUN };
enum { PAUSES = 8, BEGINS_WITHIN = 32, YIELDS_FROM = 4096 };
static const int64_t SOON = 1000000; // nanoseconds: who asks again within them asks query after query

static pthread_mutex_t owner = PTHREAD_MUTEX_INITIALIZER; // held by who may give work
static int is_there;                                      // these three by `owner`
static void (*work_given)(void *);
static void *given_to_it;
static atomic_int phase = NOTHING, is_finished;
static atomic_int under_way; // searches of other threads, after which there may be more
static atomic_llong done_last;

static pthread_mutex_t sleep_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
static int is_asleep; // by `sleep_lock`

static void pause_shortly(void) {
    for (int i = 0; i < PAUSES; i++) {
#if defined(__x86_64__)
        __builtin_ia32_pause();
#elif defined(__aarch64__)
        __asm__ volatile("yield");
#endif
    }
}

static int64_t nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void sleep_until_woken(void) {
    pthread_mutex_lock(&sleep_lock);
    is_asleep = 1;
    while (is_asleep) pthread_cond_wait(&wake, &sleep_lock);
    pthread_mutex_unlock(&sleep_lock);
}

// To be woken takes as long as a short search. So it stays awake while others search and for a moment afterwards, in which
// others may have the processor.
static void *work_on(void *nothing) {
    int64_t until = nanoseconds() + SOON;
    for (;;) {
        int expected = GIVEN, is_wanted = atomic_load(&under_way);
        if (atomic_load(&phase) == GIVEN && atomic_compare_exchange_strong(&phase, &expected, BEGUN)) {
            work_given(given_to_it);
            atomic_store(&phase, NOTHING);
            atomic_store(&is_finished, 1);
            is_wanted = 1;
        } else if (is_wanted || nanoseconds() < until) {
            pause_shortly();
            sched_yield();
        } else {
            sleep_until_woken();
            is_wanted = 1;
        }
        if (is_wanted) until = nanoseconds() + SOON;
    }
    return nothing;
}

// A forked process has no second thread yet.
static void forget(void) {
    pthread_mutex_init(&owner, NULL);
    pthread_mutex_init(&sleep_lock, NULL);
    pthread_cond_init(&wake, NULL);
    atomic_store(&phase, NOTHING);
    atomic_store(&under_way, 0);
    is_there = is_asleep = 0;
}

// Signals stay with the threads of the program.
static int make_thread(void) {
    static int is_told_of_forks;
    if (!is_told_of_forks && pthread_atfork(NULL, NULL, forget) != 0) return 0;
    is_told_of_forks = 1;
    sigset_t all, before;
    pthread_t thread;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int failed = pthread_create(&thread, NULL, work_on, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!failed) pthread_detach(thread);
    return !failed;
}

// Whether the thread is awake; if not it will be, for the next query.
static int is_awake(void) {
    if (!is_there) {
        is_there = make_thread();
        return 0;
    }
    pthread_mutex_lock(&sleep_lock);
    const int was_asleep = is_asleep;
    is_asleep = 0;
    if (was_asleep) pthread_cond_signal(&wake);
    pthread_mutex_unlock(&sleep_lock);
    return !was_asleep;
}

void LOCAL(await)(const atomic_int *flag) {
    for (int tries = 0; !atomic_load(flag); tries++) {
        pause_shortly();
        if (tries > YIELDS_FROM) sched_yield(); // who sets it may need this very processor
    }
}

// Gives 0 if the thread does not begin at once: then it waits for a processor, and the work was taken back.
static int is_begun_by_it(void) {
    atomic_store(&phase, GIVEN);
    for (int tries = 0; tries < BEGINS_WITHIN && atomic_load(&phase) == GIVEN; tries++) pause_shortly();
    int expected = GIVEN;
    return !atomic_compare_exchange_strong(&phase, &expected, NOTHING);
}

void LOCAL(do_apart)(void (*work)(void *), void (*meanwhile)(void *), void *given) {
    int is_done = 0;
    atomic_fetch_add(&under_way, 1);
    if (nanoseconds() - atomic_load(&done_last) < SOON && pthread_mutex_trylock(&owner) == 0) {
        if (is_awake()) {
            work_given = work;
            given_to_it = given;
            atomic_store(&is_finished, 0);
            is_done = is_begun_by_it();
            if (is_done) {
                meanwhile(given);
                LOCAL(await)(&is_finished);
            }
        }
        pthread_mutex_unlock(&owner);
    }
    if (!is_done) work(given);
    atomic_store(&done_last, nanoseconds());
    atomic_fetch_sub(&under_way, 1);
}
