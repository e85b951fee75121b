// A second thread that searches while the first one waits.
//
// A search reads some megabytes. Where Python runs they drive what it needs out of the processor's own cache, and it takes
// twice as long afterwards. So who asks query after query has them searched on another processor.
#ifndef SEARCH_HELPER_H
#define SEARCH_HELPER_H

#include "vector.h"

#include <stdatomic.h>

// Does `work` with `given`, by the second thread if that has a processor and nothing else to do, and if the last one was
// done just now. This thread does `meanwhile` then, and waits.
void LOCAL(do_apart)(void (*work)(void *), void (*meanwhile)(void *), void *given);

// Waits until a flag is set.
void LOCAL(await)(const atomic_int *flag);

#endif
