// Rows → coarse and fine codes, while an index is built.
#include "coarse_codes.h"
#include "fine_codes.h"

// The coarse code of `left` [turned], two nibbles a byte; takes what it stands for off `left`. Loops are over directions,
// without branches, so that the compiler makes vectors of them.
static void encode_coarse(const List_index *index, float *restrict left, uint8_t *restrict bytes) {
    const float *sizes = index->sizes, between = 0.5f * (LEVELS_OF_TWO[2] + LEVELS_OF_TWO[3]);
    const int64_t fours = index->fours, twos = fours + index->twos, coded = twos + index->ones;
    float values[MOST_TURNED];
    uint8_t codes[MOST_TURNED] = {0};
    for (int64_t i = 0; i < coded; i++) values[i] = left[i] / sizes[i];
    for (int level = 0; level < 15; level++) {
        const float middle = 0.5f * (LEVELS_OF_FOUR[level] + LEVELS_OF_FOUR[level + 1]);
        for (int64_t i = 0; i < fours; i++) codes[i] = (uint8_t)(codes[i] + (values[i] > middle));
    }
    for (int64_t i = 0; i < fours; i++) left[i] -= LEVELS_OF_FOUR[codes[i]] * sizes[i];
    for (int64_t i = fours; i < twos; i++) {
        const float value = values[i], size = fabsf(value) > between ? LEVELS_OF_TWO[3] : LEVELS_OF_TWO[2];
        codes[i] = (uint8_t)((value > -between) + (value > 0) + (value > between));
        left[i] -= copysignf(size, value) * sizes[i];
    }
    for (int64_t i = twos; i < coded; i++) {
        codes[i] = values[i] > 0;
        left[i] -= (values[i] > 0 ? LEVEL_OF_ONE : -LEVEL_OF_ONE) * sizes[i];
    }
    const uint8_t *code = codes;
    for (int64_t i = 0; i < index->fours / 2; i++, code += 2) *bytes++ = (uint8_t)(code[0] | code[1] << 4);
    for (int64_t i = 0; i < index->twos / 4; i++, code += 4)
        *bytes++ = (uint8_t)(code[0] | code[1] << 2 | code[2] << 4 | code[3] << 6);
    for (int64_t i = 0; i < index->ones / 8; i++, code += 8) {
        *bytes = 0;
        for (int bit = 0; bit < 8; bit++) *bytes = (uint8_t)(*bytes | code[bit] << bit);
        bytes++;
    }
}

// `count` numbers of a fine code into bytes, up to STRETCH; takes what they stand for off `left`.
INLINE void encode_stretch(int64_t count, int64_t bits, int64_t shift, float scale, const float *restrict steps,
                           float *restrict left, uint8_t *restrict code) {
    const float half = (float)(1 << (bits - 1)), most = 2 * half - 1;
    float within[STRETCH];
    int32_t numbers[STRETCH];
    for (int64_t i = 0; i < count; i++) {
        const float value = left[i] / (scale * steps[i]) + half;
        within[i] = larger(value < most ? value : most, 0);
    }
    for (int64_t i = 0; i < count; i++) {
        numbers[i] = (int32_t)within[i];
        left[i] -= ((float)numbers[i] - half + 0.5f) * (scale * steps[i]);
    }
    for (int64_t i = 0; i < count; i++) code[i] = (uint8_t)(code[i] | numbers[i] << shift);
}

// A code of `left` with so many bits a number, in `bytes` that are zero, and steps `scale` times those of fine codes; takes
// what it stands for off `left`.
static void encode_fine(const List_index *index, int64_t bits, int64_t bytes, float scale, float *left, uint8_t *code) {
    int64_t i = 0;
    for (int64_t at = 0; at < bytes; at += STRETCH)
        for (int64_t shift = 0; shift < 8; shift += bits) {
            const int64_t width = fine_width(at, bytes), some = index->turned - i < width ? index->turned - i : width;
            encode_stretch(some, bits, shift, scale, index->steps + i, left + i, code + at);
            i += some;
        }
}

static void put_share(float product, int64_t bytes, uint8_t *code) {
    const float share = product / FINE_SHARE_UNIT;
    const uint16_t whole = share > 1 ? share < 65535 ? (uint16_t)lrintf(share) : 65535 : 1;
    memcpy(code + bytes - SHARE_BYTES, &whole, SHARE_BYTES);
}

// The codes of turned rows [count][turned] that belong to `lists` [count] with `centres` [lists][turned]: `coarse` [count]
// [1 + nibbles / 2], the share first, `fine` [count][LINE] and `finer` [count][FINER_BYTES], zeros before; and the
// product of each row with its centre. Without finer codes `finer` is NULL.
EXPORT(void, encode_rows)(const List_index *index, const float *rows, int64_t count, const int32_t *lists,
                          const float *centres, uint8_t *coarse, uint8_t *fine, uint8_t *finer, float *products) {
    float left[MOST_TURNED];
    const int64_t bytes = nibbles_of(index) / 2, turned = index->turned;
    for (int64_t row = 0; row < count; row++, rows += turned, coarse += 1 + bytes, fine += LINE) {
        const float *centre = centres + lists[row] * turned;
        const float whole = dot(rows, rows, turned);
        products[row] = dot(rows, centre, turned);
        for (int64_t i = 0; i < turned; i++) left[i] = rows[i] - centre[i];
        encode_coarse(index, left, coarse + 1);
        const float share = (whole - dot(rows, left, turned)) / SHARE_UNIT;
        coarse[0] = share > 1 ? share < 255 ? (uint8_t)lrintf(share) : 255 : 1;
        encode_fine(index, index->fine_bits, LINE, 1, left, fine);
        put_share(whole - dot(rows, left, turned), LINE, fine);
        if (finer == NULL) continue;
        encode_fine(index, FINER_BITS, FINER_BYTES, FINER_STEP, left, finer + row * FINER_BYTES);
        put_share(whole - dot(rows, left, turned), FINER_BYTES, finer + row * FINER_BYTES);
    }
}
