// The nearest centre of each row: what k-means and filling the lists take their time for.
#include "lists.h"

#include <math.h>

enum { CHUNK = 64 };

// For each of `rows` [count][kept] the centre with the largest x·c - |c|²/2 goes to `nearest`. Centres are codes in
// blocks, in steps of `steps` [kept]; `halves` [blocks * 16] are the |c|²/2, very large where a block is filled up.
// `query` is scratch memory of `kept` bytes.
EXPORT(void, nearest_centres)(const float *rows, int64_t count, int64_t kept, const uint8_t *centres, int64_t blocks,
                              const float *steps, const float *halves, int8_t *query, int32_t *nearest) {
    score_function *score = score_blocks();
    const int64_t quads = kept / 4;
    int32_t scores[CHUNK * BLOCK_ROWS];
    uint16_t masks[CHUNK];
    for (int64_t row = 0; row < count; row++, rows += kept) {
        float most = 1e-20f;
        for (int64_t i = 0; i < kept; i++) most = fmaxf(most, fabsf(rows[i] * steps[i]));
        const float scale = LARGEST_OF_QUERY / most, unit = most / LARGEST_OF_QUERY;
        int32_t sum = 0;
        for (int64_t i = 0; i < kept; i++) {
            query[i] = (int8_t)lrintf(rows[i] * steps[i] * scale);
            sum += query[i];
        }
        const float origin = 128.0f * (float)sum * unit;
        float best[BLOCK_ROWS];
        int32_t at[BLOCK_ROWS];
        for (int lane = 0; lane < BLOCK_ROWS; lane++) best[lane] = -INFINITY, at[lane] = 0;
        for (int64_t block = 0; block < blocks; block += CHUNK) {
            const int64_t some = blocks - block < CHUNK ? blocks - block : CHUNK;
            score(centres + block * quads * QUAD_BYTES, quads, query, some, INT32_MIN, scores, masks);
            for (int64_t b = 0; b < some; b++)
                for (int lane = 0; lane < BLOCK_ROWS; lane++) {
                    const float value =
                        (float)scores[b * BLOCK_ROWS + lane] * unit - origin - halves[(block + b) * BLOCK_ROWS + lane];
                    const int better = value > best[lane];
                    best[lane] = better ? value : best[lane];
                    at[lane] = better ? (int32_t)(block + b) : at[lane];
                }
        }
        int lane = 0;
        for (int other = 1; other < BLOCK_ROWS; other++)
            if (best[other] > best[lane]) lane = other;
        nearest[row] = at[lane] * BLOCK_ROWS + lane;
    }
}
