#include "helper.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <time.h>

enum { RESTS, CALLED, GIVEN, WORKS, DONE };
enum { LINGERS_NS = 200000, PAUSES = 64 };

static pthread_mutex_t owner = PTHREAD_MUTEX_INITIALIZER; // held by the search that the thread helps
static pthread_mutex_t asleep = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t called = PTHREAD_COND_INITIALIZER;
static atomic_int phase = RESTS;
static int is_asleep, is_there; // the first by `asleep`, the second by `owner`
static void (*work_given)(void *);
static void *given_to_it;

static void pause_shortly(void) {
#if defined(__x86_64__)
    for (int i = 0; i < PAUSES; i++) __builtin_ia32_pause();
#endif
}

static int64_t nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

// Waits while nothing is asked of the thread: awake for a moment, in which others may have the processor, then asleep.
static void rest(void) {
    const int64_t until = nanoseconds() + LINGERS_NS;
    while (atomic_load(&phase) != CALLED && atomic_load(&phase) != GIVEN) {
        pause_shortly();
        sched_yield();
        if (nanoseconds() < until) continue;
        pthread_mutex_lock(&asleep);
        is_asleep = 1;
        while (atomic_load(&phase) != CALLED && atomic_load(&phase) != GIVEN) pthread_cond_wait(&called, &asleep);
        is_asleep = 0;
        pthread_mutex_unlock(&asleep);
    }
}

static void *help(void *nothing) {
    for (;;) {
        rest();
        while (atomic_load(&phase) == CALLED) pause_shortly();
        int expected = GIVEN;
        if (!atomic_compare_exchange_strong(&phase, &expected, WORKS)) continue;
        work_given(given_to_it);
        atomic_store(&phase, DONE);
    }
    return nothing;
}

// The thread is not in a forked process, which makes its own.
static void forget(void) {
    pthread_mutex_init(&owner, NULL);
    pthread_mutex_init(&asleep, NULL);
    pthread_cond_init(&called, NULL);
    atomic_store(&phase, RESTS);
    is_there = is_asleep = 0;
}

// Signals stay with the threads of the program.
static int make_thread(void) {
    static int is_forgotten_in_forks;
    if (!is_forgotten_in_forks && pthread_atfork(NULL, NULL, forget) != 0) return 0;
    is_forgotten_in_forks = 1;
    sigset_t all, before;
    pthread_t thread;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int failed = pthread_create(&thread, NULL, help, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!failed) pthread_detach(thread);
    return !failed;
}

int LOCAL(call_helper)(void) {
    if (pthread_mutex_trylock(&owner) != 0) return 0;
    if (!is_there && !(is_there = make_thread())) {
        pthread_mutex_unlock(&owner);
        return 0;
    }
    pthread_mutex_lock(&asleep);
    atomic_store(&phase, CALLED);
    if (is_asleep) pthread_cond_signal(&called);
    pthread_mutex_unlock(&asleep);
    return 1;
}

void LOCAL(give_help)(void (*work)(void *), void *given) {
    work_given = work;
    given_to_it = given;
    atomic_store(&phase, GIVEN);
}

void LOCAL(finish_help)(void) {
    int expected = GIVEN;
    if (atomic_compare_exchange_strong(&phase, &expected, RESTS)) work_given(given_to_it);
    else
        for (int tries = 0; atomic_load(&phase) != DONE; tries++) {
            pause_shortly();
            if (tries > 16) sched_yield(); // it may wait for this very processor
        }
    atomic_store(&phase, RESTS);
    pthread_mutex_unlock(&owner);
}
