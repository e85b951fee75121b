// Products of sixteen queries with blocks of codes (scoring.h), the same at every level. Tiles (AMX) make them five times as
// fast as vectors, where the processor has them and the system lets this process use them.
#ifndef SEARCH_PRODUCTS_H
#define SEARCH_PRODUCTS_H

#include "tiles.h"

enum { QUERIES = 16, BLOCKS_AT_ONCE = 16, ROWS_AT_ONCE = BLOCKS_AT_ONCE * BLOCK_ROWS };

#if defined(__AVX512F__)

// Four queries with four blocks: sums need not wait for each other, and what is loaded is used four times. Where fewer blocks are
// left, the last of them is read again in the place of those that are missing.
__attribute__((target("avx512vnni"))) static void multiply_by_vnni(const uint8_t *codes, int64_t quads, const int8_t *queries,
                                                                   int64_t blocks, int32_t *products) {
    const int64_t size = quads * QUAD_BYTES;
    for (int64_t block = 0; block < blocks; block += 4) {
        const uint8_t *at[4];
        for (int64_t i = 0; i < 4; i++) at[i] = codes + (block + i < blocks ? block + i : blocks - 1) * size;
        for (int64_t query = 0; query < QUERIES; query += 4) {
            __m512i sums[4][4];
#pragma GCC unroll 16
            for (int i = 0; i < 16; i++) sums[i / 4][i % 4] = _mm512_setzero_si512();
            for (int64_t quad = 0; quad < quads; quad++) {
                __m512i of_codes[4];
#pragma GCC unroll 4
                for (int i = 0; i < 4; i++) of_codes[i] = _mm512_loadu_si512(at[i] + quad * QUAD_BYTES);
#pragma GCC unroll 4
                for (int j = 0; j < 4; j++) {
                    const __m512i numbers = _mm512_set1_epi32(quad_of(queries + (query + j) * 4 * quads, quad));
#pragma GCC unroll 4
                    for (int i = 0; i < 4; i++)
                        __asm__("vpdpbusd %2, %1, %0" : "+v"(sums[j][i]) : "v"(of_codes[i]), "v"(numbers));
                }
            }
#pragma GCC unroll 16
            for (int i = 0; i < 16; i++) // those too many go where the next are
                _mm512_storeu_si512(products + (query + i / 4) * ROWS_AT_ONCE + (block + i % 4) * BLOCK_ROWS, sums[i / 4][i % 4]);
        }
    }
}

#else

#define has_vnni() 0
#define multiply_by_vnni multiply_by_scores

#endif

static void multiply_by_scores(const uint8_t *codes, int64_t quads, const int8_t *queries, int64_t blocks,
                               int32_t *products) {
    score_function *score = score_blocks();
    uint16_t masks[BLOCKS_AT_ONCE];
    for (int64_t i = 0; i < QUERIES; i++)
        score(codes, quads, queries + i * 4 * quads, blocks, INT32_MIN, products + i * ROWS_AT_ONCE, masks);
}

#if defined(HAS_TILES)

// A tile of sums, and one of queries and one of codes for sixteen quads at a time and for those that are left. (gcc makes
// text of their numbers.)
#define SUMS 0
#define SOME_QUERIES 1
#define SOME_CODES 2
#define LAST_QUERIES 3
#define LAST_CODES 4

__attribute__((target("amx-tile,amx-int8"))) static void multiply_by_tiles(const uint8_t *codes, int64_t quads,
                                                                            const int8_t *queries, int64_t blocks,
                                                                            int32_t *products) {
    const int64_t whole = quads / TILE_QUADS, left = quads % TILE_QUADS;
    const struct {
        uint8_t palette, start, none[14];
        uint16_t bytes[16];
        uint8_t rows[16];
    } tiles = {1, 0, {0}, {TILE_BYTES, TILE_BYTES, TILE_BYTES, (uint16_t)(4 * left), left ? TILE_BYTES : 0},
               {TILE_ROWS, TILE_ROWS, TILE_ROWS, left ? TILE_ROWS : 0, (uint8_t)left}};
    _tile_loadconfig(&tiles);
    for (int64_t block = 0; block < blocks; block++, codes += quads * QUAD_BYTES) {
        _tile_zero(SUMS);
        for (int64_t i = 0; i < whole; i++) {
            _tile_loadd(SOME_QUERIES, queries + i * TILE_BYTES, 4 * quads);
            _tile_loadd(SOME_CODES, codes + i * TILE_QUADS * QUAD_BYTES, QUAD_BYTES);
            _tile_dpbsud(SUMS, SOME_QUERIES, SOME_CODES);
        }
        if (left) {
            _tile_loadd(LAST_QUERIES, queries + whole * TILE_BYTES, 4 * quads);
            _tile_loadd(LAST_CODES, codes + whole * TILE_QUADS * QUAD_BYTES, QUAD_BYTES);
            _tile_dpbsud(SUMS, LAST_QUERIES, LAST_CODES);
        }
        _tile_stored(SUMS, products + block * BLOCK_ROWS, ROWS_AT_ONCE * sizeof(int32_t));
    }
    _tile_release();
}

#else

#define multiply_by_tiles multiply_by_scores

#endif

// The products of `queries` [QUERIES][4 * quads] with the rows of up to BLOCKS_AT_ONCE blocks, to `products` [QUERIES]
// [ROWS_AT_ONCE]. A code is 128 too large: the product with 128 for each number of a query is among them.
INLINE void multiply(const uint8_t *codes, int64_t quads, const int8_t *queries, int64_t blocks, int32_t *products) {
    if (has_tiles()) multiply_by_tiles(codes, quads, queries, blocks, products);
    else if (has_vnni()) multiply_by_vnni(codes, quads, queries, blocks, products);
    else multiply_by_scores(codes, quads, queries, blocks, products);
}

#endif
