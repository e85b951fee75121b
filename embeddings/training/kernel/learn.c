// Skip-gram and CBOW with negative sampling (Mikolov et al. 2013), with n-grams as fastText has them (Bojanowski et al.
// 2017). A stretch of text is learned from sentence by sentence; threads that learn from other stretches of the same
// model do not wait for each other (Recht et al. 2011).
//
// A word's vector is worked out once when it comes into the window and lies there beside its neighbours; what it has
// learned is added to its rows when it leaves. Negative samples are drawn for each centre and shared by its contexts.
#include <math.h>
#include <string.h>

#include "random.h"
#include "step.h"

#define SENTENCE 8192 // words of a longer sentence are learned from in parts
#define AHEAD 2       // centres whose rows are fetched into the caches before their turn
#define SAMPLED 64    // the loss is worked out for one centre in so many

// Scratch memory of one thread, cut out of what Python hands in (kernel.py works out how much it takes).
typedef struct {
    const Model *model;
    uint64_t random;
    Progress *progress;
    int32_t *sentence;   // [SENTENCE] words that stayed
    int32_t *negatives;  // [AHEAD + 1, negative]
    float *ring, *before; // [ring_rows, stride] vectors in the window, and as they were when they came
    float *tile;         // [tile, stride] inputs of CBOW
    float *gradients;    // [(2 · window + 1) · OUTPUTS + 2 · LANES]
    float **in;          // [2 · window + 1]
    int64_t ring_rows;   // a power of two
} Thread;

INLINE float *ring_row(const Thread *t, float *ring, int64_t i) {
    return ring + (i & (t->ring_rows - 1)) * t->model->stride;
}
INLINE int64_t smaller_of(int64_t a, int64_t b) { return a < b ? a : b; }
INLINE int64_t larger_of(int64_t a, int64_t b) { return a > b ? a : b; }

INLINE void fetch_row(const float *row, int64_t dimension) {
    for (int64_t k = 0; k < dimension; k += ROW_FLOATS) __builtin_prefetch(row + k, 1, 3);
}

// ---- Rows of words

// The vector of `word`: the mean of its own and its n-grams' vectors. It is written twice.
static void compose(const Model *m, int64_t word, float *to, float *also) {
    const float *own = m->inputs + word * m->stride;
    const int64_t from = m->ngram_start ? m->ngram_start[word] : 0, end = m->ngram_start ? m->ngram_start[word + 1] : 0;
    const vf part = splat(1.f / (float)(end - from + 1));
    for (int64_t k = 0; k < m->dimension; k += LANES) {
        vf sum = load(own + k);
        for (int64_t i = from; i < end; i++) sum += load(m->inputs + m->ngrams[i] * m->stride + k);
        store(to + k, sum * part);
        store(also + k, sum * part);
    }
}

static void add_to_row(const Model *m, int64_t row, const float *moved) {
    float *to = m->inputs + row * m->stride;
    const vf share = splat(m->share ? m->share[row] : 1.f);
    for (int64_t k = 0; k < m->dimension; k += LANES) store(to + k, load(to + k) + share * load(moved + k));
}

// Add what a word has learned to its own row and to those of its n-grams, to each the whole of it.
static void add_to_word(const Model *m, int64_t word, const float *moved) {
    add_to_row(m, word, moved);
    if (m->ngram_start)
        for (int64_t i = m->ngram_start[word]; i < m->ngram_start[word + 1]; i++) add_to_row(m, m->ngrams[i], moved);
}

static void fetch_word(const Model *m, int64_t word) {
    fetch_row(m->inputs + word * m->stride, m->dimension);
    if (m->ngram_start)
        for (int64_t i = m->ngram_start[word]; i < m->ngram_start[word + 1]; i++)
            fetch_row(m->inputs + m->ngrams[i] * m->stride, m->dimension);
}

// ---- Negative samples

INLINE int32_t *negatives_of(Thread *t, int64_t centre) {
    return t->negatives + centre % (AHEAD + 1) * t->model->negative;
}

// Draw for a centre and begin to fetch what it will need.
static void draw_ahead(Thread *t, int64_t centre, int64_t length) {
    const Model *m = t->model;
    if (centre >= length) return;
    fetch_row(m->outputs + t->sentence[centre] * m->stride, m->dimension);
    int32_t *negatives = negatives_of(t, centre);
    for (int k = 0; k < m->negative; k++) {
        negatives[k] = draw_word(m, &t->random);
        fetch_row(m->outputs + negatives[k] * m->stride, m->dimension);
    }
}

// How far the window of a centre reaches.
INLINE int64_t reach(Thread *t) {
    const Model *m = t->model;
    return m->shrink_windows ? 1 + random_below(&t->random, (uint32_t)m->window) : m->window;
}

static void add_loss(Thread *t, int inputs, int outputs, float rate) {
    double loss = 0;
    for (int i = 0; i < inputs * outputs; i++) loss -= log1p(-fmin(fabsf(t->gradients[i]) / rate, 1 - 1e-6));
    t->progress->loss += loss;
}

// All inputs against the word `target` (none if negative) and the negative samples.
static void learn_outputs(Thread *t, int inputs, int32_t target, const int32_t *negatives, float rate) {
    const Model *m = t->model;
    float *out[OUTPUTS], times[OUTPUTS];
    const int has_target = target >= 0, sampled = t->progress->pairs / SAMPLED % SAMPLED == 0;
    int left = m->negative, first = has_target, next = 0;
    while (left || first) {
        int n = 0, repeated = 0, positive = first, word[OUTPUTS];
        if (first) word[n] = target, times[n++] = 1.f;
        first = 0;
        for (; left && n < OUTPUTS; left--, next++) {
            int known = 0;
            while (known < n && word[known] != negatives[next]) known++;
            if (negatives[next] == target) {
                continue;
            } else if (known < n) { // twice in one step would lose the first of both
                times[known] += 1.f;
                repeated = 1;
            } else {
                word[n] = negatives[next], times[n++] = 1.f;
            }
        }
        if (!n) continue;
        for (int o = 0; o < n; o++) out[o] = m->outputs + word[o] * m->stride;
        step(n, inputs, t->in, out, m->dimension, rate, positive, repeated ? times : 0, t->gradients);
        if (sampled && !repeated) add_loss(t, inputs, n, rate);
    }
    if (sampled) t->progress->sampled += inputs;
    t->progress->pairs += inputs;
}

// ---- Sentences

static void leave_window(Thread *t, int64_t i) {
    float *moved = ring_row(t, t->before, i), *now = ring_row(t, t->ring, i);
    for (int64_t k = 0; k < t->model->dimension; k += LANES) store(moved + k, load(now + k) - load(moved + k));
    add_to_word(t->model, t->sentence[i], moved);
}

static void enter_window(Thread *t, int64_t i, int64_t length) {
    if (i + AHEAD < length) fetch_word(t->model, t->sentence[i + AHEAD]);
    compose(t->model, t->sentence[i], ring_row(t, t->ring, i), ring_row(t, t->before, i));
}

// The words round a centre are the inputs, the centre is their output.
static void skip_gram(Thread *t, int64_t length, float rate) {
    const Model *m = t->model;
    int64_t entered = 0, left = 0;
    for (int64_t i = 0; i < AHEAD; i++) draw_ahead(t, i, length);
    for (int64_t i = 0; i < length; i++) {
        draw_ahead(t, i + AHEAD, length);
        for (; left < i - m->window; left++) leave_window(t, left);
        for (; entered < length && entered <= i + m->window; entered++) enter_window(t, entered, length);
        const int64_t far = reach(t), from = larger_of(i - far, 0), to = smaller_of(i + far, length - 1);
        int inputs = 0;
        for (int64_t c = from; c <= to; c++)
            if (c != i) t->in[inputs++] = ring_row(t, t->ring, c);
        learn_outputs(t, inputs, t->sentence[i], negatives_of(t, i), rate);
    }
    for (; left < entered; left++) leave_window(t, left);
}

static void learn_sentence(Thread *t, int64_t length, float rate) {
    if (length < 2) return;
    skip_gram(t, length, rate);
}

// Cut `scratch` into what a thread needs. The sizes are those of scratch_floats in kernel.py.
static Thread thread_of(const Model *m, float *scratch, uint64_t seed, Progress *progress) {
    Thread t = {.model = m, .random = seed, .progress = progress, .ring_rows = 1};
    while (t.ring_rows < 2 * m->window + 2) t.ring_rows *= 2;
    t.ring = scratch, scratch += t.ring_rows * m->stride;
    t.before = scratch, scratch += t.ring_rows * m->stride;
    t.tile = scratch, scratch += m->tile * m->stride;
    t.gradients = scratch, scratch += ((2 * m->window + 1) * OUTPUTS + 2 * LANES + ROW_FLOATS - 1) / ROW_FLOATS * ROW_FLOATS;
    t.in = (float **)scratch, scratch += (2 * m->window + 1) * 2;
    t.sentence = (int32_t *)scratch, scratch += SENTENCE;
    t.negatives = (int32_t *)scratch;
    return t;
}

// Learn from `count` ids, where a negative one ends a sentence. The rate goes from `rate` down by `slope` a word.
EXPORT(void, learn)(const Model *m, const int32_t *ids, int64_t count, double rate, double slope, uint64_t seed,
                    float *scratch, Progress *progress) {
    Thread t = thread_of(m, scratch, seed, progress);
    for (int64_t at = 0; at < count; at++) {
        const double now = rate - slope * (double)progress->words;
        int64_t length = 0;
        for (; at < count && ids[at] >= 0 && length < SENTENCE; at++) {
            const uint32_t keep = m->keep[ids[at]];
            progress->words++;
            if (keep == UINT32_MAX || (uint32_t)(next_random(&t.random) >> 32) <= keep) t.sentence[length++] = ids[at];
        }
        if (at < count && ids[at] >= 0) at--; // the sentence is longer: the loop must not step over a word
        learn_sentence(&t, length, (float)now);
    }
}
