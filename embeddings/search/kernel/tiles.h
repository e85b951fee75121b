// Tiles of the processor (AMX): whether there are any.
#ifndef SEARCH_TILES_H
#define SEARCH_TILES_H

#include "scoring.h"

#if defined(__AVX512F__) && defined(__linux__) && __has_include(<amxint8intrin.h>)
#define HAS_TILES
#include <sys/syscall.h>
#include <unistd.h>

enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18, TILES_OF_BYTES = 3 << 24 };
enum { TILE_ROWS = 16, TILE_BYTES = 64, TILE_QUADS = TILE_BYTES / 4 };

// The system saves tiles only for processes that asked for it, once.
INLINE int has_tiles(void) {
    static int has = -1;
    int known = __atomic_load_n(&has, __ATOMIC_RELAXED);
    if (known < 0) {
        unsigned a, b, c, d = 0;
        known = __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & TILES_OF_BYTES) == TILES_OF_BYTES &&
                syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
        __atomic_store_n(&has, known, __ATOMIC_RELAXED);
    }
    return known;
}

#else

INLINE int has_tiles(void) { return 0; }

#endif
#endif
