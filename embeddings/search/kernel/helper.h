// A second thread that takes a half of one search.
//
// Waking a thread takes as long as a short search. So it is called when a search begins, gets its half when that is known,
// and stays awake for a moment after it, for who asks again and again. A half that it has not begun when the first one is
// done is taken back.
#ifndef SEARCH_HELPER_H
#define SEARCH_HELPER_H

#include "vector.h"

// Calls the thread, which is made when it is first called; gives 0 if another search has it, or there can be none.
int LOCAL(call_helper)(void);

// After a call that gave 1: gives it `work` to do with `given`.
void LOCAL(give_help)(void (*work)(void *), void *given);

// Returns when that is done, be it by this thread, and lets the other go.
void LOCAL(finish_help)(void);

#endif
