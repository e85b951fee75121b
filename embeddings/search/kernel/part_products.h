// Products of 32 targets with the 32 rows of a part, all at once: by tiles of the processor (AMX) where it has them, by VNNI
// where it has that.
//
// A row's numbers are 0 to 255, four of 16 rows after the next four, as scoring.h has codes in blocks; a part is two such halves.
// A target's numbers are -127 to 127, one after the other. Both end with zeros of targets that fill up to whole steps.
#ifndef SEARCH_PART_PRODUCTS_H
#define SEARCH_PART_PRODUCTS_H

#include "tiles.h"

enum { TARGETS_AT_ONCE = 32, QUADS_OF_STEP = 16, LARGEST_OF_TARGET = 127 };

// Sums go to `sums` [2][32 targets][16 rows], of the first `count` targets and maybe of others. `targets` are [32][64 * steps],
// `rows` [2][16 * steps][16][4].
typedef void product_function(const int8_t *targets, int64_t count, const uint8_t *rows, int64_t steps, int32_t *sums);

#if defined(__AVX512F__)

enum { TARGETS_OF_VNNI = 8 };

__attribute__((target("avx512vnni"))) static void products_by_vnni(const int8_t *targets, int64_t count,
                                                                   const uint8_t *rows, int64_t steps, int32_t *sums) {
    const int64_t quads = QUADS_OF_STEP * steps;
    for (int64_t first = 0; first < count; first += TARGETS_OF_VNNI) {
        __m512i low[TARGETS_OF_VNNI], high[TARGETS_OF_VNNI];
        for (int i = 0; i < TARGETS_OF_VNNI; i++) low[i] = high[i] = _mm512_setzero_si512();
        for (int64_t quad = 0; quad < quads; quad++) {
            const __m512i of_low = _mm512_loadu_si512(rows + quad * QUAD_BYTES);
            const __m512i of_high = _mm512_loadu_si512(rows + (quads + quad) * QUAD_BYTES);
#pragma GCC unroll 8
            for (int i = 0; i < TARGETS_OF_VNNI; i++) {
                const __m512i numbers = _mm512_set1_epi32(quad_of(targets + (first + i) * 4 * quads, quad));
                __asm__("vpdpbusd %2, %1, %0" : "+v"(low[i]) : "v"(of_low), "v"(numbers));
                __asm__("vpdpbusd %2, %1, %0" : "+v"(high[i]) : "v"(of_high), "v"(numbers));
            }
        }
        for (int i = 0; i < TARGETS_OF_VNNI; i++) {
            _mm512_storeu_si512(sums + (first + i) * BLOCK_ROWS, low[i]);
            _mm512_storeu_si512(sums + (TARGETS_AT_ONCE + first + i) * BLOCK_ROWS, high[i]);
        }
    }
}

#if defined(HAS_TILES)
#define OF_TILES __attribute__((target("amx-tile,amx-int8")))

// Two tiles of targets and two of rows make four of sums, so that each is brought for two products.
OF_TILES static void products_by_tiles(const int8_t *targets, int64_t count, const uint8_t *rows, int64_t steps,
                                       int32_t *sums) {
    const int64_t half = TILE_ROWS * BLOCK_ROWS, size = steps * QUAD_BYTES;
    const int8_t *more_targets = targets + TILE_ROWS * size;
    const uint8_t *high = rows + steps * QUADS_OF_STEP * QUAD_BYTES;
    const int has_more = count > TILE_ROWS;
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (int64_t step = 0; step < steps; step++) {
        _tile_loadd(4, targets + step * QUAD_BYTES, size);
        _tile_loadd(6, rows + step * QUADS_OF_STEP * QUAD_BYTES, QUAD_BYTES);
        _tile_dpbsud(0, 4, 6);
        _tile_loadd(7, high + step * QUADS_OF_STEP * QUAD_BYTES, QUAD_BYTES);
        _tile_dpbsud(2, 4, 7);
        if (!has_more) continue;
        _tile_loadd(5, more_targets + step * QUAD_BYTES, size);
        _tile_dpbsud(1, 5, 6);
        _tile_dpbsud(3, 5, 7);
    }
    _tile_stored(0, sums, QUAD_BYTES);
    _tile_stored(2, sums + 2 * half, QUAD_BYTES);
    if (!has_more) return;
    _tile_stored(1, sums + half, QUAD_BYTES);
    _tile_stored(3, sums + 3 * half, QUAD_BYTES);
}

OF_TILES static void set_tiles_up(void) {
    static const struct { // static: compilers take it that only the first bytes are read
        uint8_t palette, start, none[14];
        uint16_t bytes[16];
        uint8_t rows[16];
    } wanted = {1, 0, {0}, {64, 64, 64, 64, 64, 64, 64, 64}, {16, 16, 16, 16, 16, 16, 16, 16}};
    _tile_loadconfig(&wanted);
}

OF_TILES static void put_tiles_away(void) { _tile_release(); }

#endif

static void set_up(product_function *multiply) {
#if defined(HAS_TILES)
    if (multiply == products_by_tiles) set_tiles_up();
#endif
    (void)multiply;
}

static void put_away(product_function *multiply) {
#if defined(HAS_TILES)
    if (multiply == products_by_tiles) put_tiles_away();
#endif
    (void)multiply;
}

// The fastest that this processor has, or NULL.
static inline product_function *products(void) {
#if defined(HAS_TILES)
    if (has_tiles()) return products_by_tiles;
#endif
    return has_vnni() ? products_by_vnni : NULL;
}

#else

static inline product_function *products(void) { return NULL; }

#endif
#endif
