// Skip-gram and CBOW with negative sampling (Mikolov et al. 2013), with n-grams as fastText has them (Bojanowski et al.
// 2017). A stretch of text is learned from sentence by sentence; threads that learn from other stretches of the same
// model do not wait for each other (Recht et al. 2011).
//
// A word's vector is worked out once when it comes into the window and lies there beside its neighbours; what it has
// learned is added to its rows when it leaves. Negative samples are shared by a centre's contexts; they are chosen out of a
// pool that is small enough for the caches, so that most of them are there already.
#include <math.h>
#include <string.h>

#include "random.h"
#include "step.h"

#define SENTENCE 8192 // words of a longer sentence are learned from in parts
#define AHEAD 2       // centres whose rows are fetched into the caches before their turn
#define WORDS_AHEAD 4 // words whose rows are fetched before they come into the window
#define POOL 64       // negative samples that are kept to be used again, at least
#define CBOW_POOL 256 // the same for CBOW, which learns less from few
#define REUSED 3      // centres that a negative sample is used for, on average
#define BLOCK 6       // vectors' widths of a row that are summed side by side
#define SAMPLED 64    // the loss is worked out for one centre in so many

// Scratch memory of one thread, cut out of what Python hands in (network.py works out how much it takes).
typedef struct {
    const Model *model;
    uint64_t random;
    Progress *progress;
    int32_t *sentence;   // [SENTENCE] words that stayed
    int32_t *negatives;  // [AHEAD + 1, negative]
    int32_t *pool;       // [pool_size] negative samples that are used again, the oldest gives way
    int64_t pool_size, oldest;
    uint64_t coming;     // the random number of the negative sample that is drawn next
    float *ring, *before; // [ring_rows, stride] vectors in the window, and as they were when they came
    float *mean;         // [2, stride] the input of CBOW, and as it was before
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

// Sum N vectors' width of a word's own row and of its n-grams', row by row, and write `part` of it twice.
INLINE void compose_part(const int N, const float *own, const float *inputs, const int32_t *ngrams, int64_t count,
                         int64_t stride, vf part, float *to, float *also) {
    vf sum[BLOCK];
    UNROLL for (int v = 0; v < N; v++) sum[v] = load(own + v * LANES);
    for (int64_t i = 0; i < count; i++) {
        const float *row = inputs + ngrams[i] * stride;
        UNROLL for (int v = 0; v < N; v++) sum[v] += load(row + v * LANES);
    }
    UNROLL for (int v = 0; v < N; v++) {
        store(to + v * LANES, sum[v] * part);
        store(also + v * LANES, sum[v] * part);
    }
}

// The vector of `word`: the mean of its own and its n-grams' vectors. It is written twice.
static void compose(const Model *m, int64_t word, float *to, float *also) {
    const float *own = m->inputs + word * m->stride;
    const int64_t from = m->ngram_start ? m->ngram_start[word] : 0, end = m->ngram_start ? m->ngram_start[word + 1] : 0;
    const int32_t *ngrams = m->ngrams + from;
    const vf part = splat(1.f / (float)(end - from + 1));
    int64_t k = 0;
    for (; k + BLOCK * LANES <= m->dimension; k += BLOCK * LANES)
        compose_part(BLOCK, own + k, m->inputs + k, ngrams, end - from, m->stride, part, to + k, also + k);
    for (; k < m->dimension; k += LANES)
        compose_part(1, own + k, m->inputs + k, ngrams, end - from, m->stride, part, to + k, also + k);
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

INLINE int32_t *negatives_of(const Thread *t, int64_t turn) {
    return t->negatives + turn % (AHEAD + 1) * t->model->negative;
}

static void renew(Thread *t) {
    const int32_t word = word_of(t->model, t->coming);
    t->coming = next_random(&t->random);
    __builtin_prefetch(alias_of(t->model, t->coming));
    t->pool[t->oldest++ & (t->pool_size - 1)] = word;
    fetch_row(t->model->outputs + word * t->model->stride, t->model->dimension);
}

// Choose negative samples for a turn to come out of the pool, and draw some for later turns.
static void draw_ahead(Thread *t, int64_t turn) {
    const int negative = t->model->negative;
    const uint64_t random = next_random(&t->random), all = (uint64_t)t->pool_size - 1, stride = random >> 32 | 1;
    int32_t *negatives = negatives_of(t, turn);
    for (int k = 0; k < negative; k++) negatives[k] = t->pool[(random + (uint64_t)k * stride) & all];
    for (int k = 0; k < negative; k += REUSED) renew(t);
}

INLINE void fetch_target(const Thread *t, int64_t i, int64_t length) {
    if (i < length) fetch_row(t->model->outputs + t->sentence[i] * t->model->stride, t->model->dimension);
}

// How far the window of a centre reaches.
INLINE int64_t reach(Thread *t) {
    const Model *m = t->model;
    return m->shrink_windows ? 1 + random_below(&t->random, (uint32_t)m->window) : (uint32_t)m->window;
}

static void add_loss(Thread *t, int inputs, int outputs, float rate) {
    double loss = 0;
    for (int i = 0; i < inputs * outputs; i++) loss -= log1p(-fmin(fabsf(t->gradients[i]) / rate, 1 - 1e-6));
    t->progress->loss += loss;
}

// `inputs` against the target, which is right for all of them, and against negative samples that are other words.
static void learn_outputs(Thread *t, float *const *in, int inputs, int32_t target, const int32_t *negatives,
                          float rate) {
    const Model *m = t->model;
    const int sampled = t->progress->pairs / SAMPLED % SAMPLED == 0;
    for (int left = m->negative, first = 1; left || first; first = 0) {
        float *out[OUTPUTS], times[OUTPUTS];
        int32_t word[OUTPUTS];
        int n = 0, repeated = 0;
        if (first) word[n] = target, times[n++] = 1.f;
        for (; left && n < OUTPUTS; left--, negatives++) {
            int known = 0;
            if (*negatives == target) continue;
            while (known < n && word[known] != *negatives) known++;
            if (known < n) { // twice in one step, it would lose what the first has learned
                times[known] += 1.f;
                repeated = 1;
            } else {
                word[n] = *negatives, times[n++] = 1.f;
            }
        }
        if (!n) continue;
        for (int o = 0; o < n; o++) out[o] = m->outputs + word[o] * m->stride;
        step(n, inputs, in, out, m->dimension, rate, first, repeated ? times : 0, t->gradients);
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
    if (i + WORDS_AHEAD < length) fetch_word(t->model, t->sentence[i + WORDS_AHEAD]);
    compose(t->model, t->sentence[i], ring_row(t, t->ring, i), ring_row(t, t->before, i));
}

// N vectors' width of the rows' sum times `part`, written twice.
INLINE void sum_part(const int N, float *const *rows, int count, int64_t k, vf part, float *to, float *also) {
    vf sum[BLOCK];
    UNROLL for (int v = 0; v < N; v++) sum[v] = load(rows[0] + k + v * LANES);
    for (int c = 1; c < count; c++)
        UNROLL for (int v = 0; v < N; v++) sum[v] += load(rows[c] + k + v * LANES);
    UNROLL for (int v = 0; v < N; v++) {
        store(to + k + v * LANES, sum[v] * part);
        store(also + k + v * LANES, sum[v] * part);
    }
}

// N vectors' width of what lies between `was` and `now`, times `part`, added to every row.
INLINE void spread_part(const int N, float *const *rows, int count, int64_t k, vf part, const float *now, const float *was) {
    vf learned[BLOCK];
    UNROLL for (int v = 0; v < N; v++) learned[v] = (load(now + k + v * LANES) - load(was + k + v * LANES)) * part;
    for (int c = 0; c < count; c++)
        UNROLL for (int v = 0; v < N; v++) store(rows[c] + k + v * LANES, load(rows[c] + k + v * LANES) + learned[v]);
}

// CBOW: the mean of the words round a centre is the input; what it learns, all of them learn.
static void learn_mean(Thread *t, int words, int32_t target, const int32_t *negatives, float rate) {
    const Model *m = t->model;
    const vf part = splat(1.f / (float)words), one = splat(1.f);
    const vf mean = m->cbow_mean ? part : one, each = m->cbow_mean ? one : part;
    float *input = t->mean, *was = t->mean + m->stride;
    int64_t k = 0;
    for (; k + BLOCK * LANES <= m->dimension; k += BLOCK * LANES) sum_part(BLOCK, t->in, words, k, mean, input, was);
    for (; k < m->dimension; k += LANES) sum_part(1, t->in, words, k, mean, input, was);
    learn_outputs(t, &input, 1, target, negatives, rate);
    for (k = 0; k + BLOCK * LANES <= m->dimension; k += BLOCK * LANES)
        spread_part(BLOCK, t->in, words, k, each, input, was);
    for (; k < m->dimension; k += LANES) spread_part(1, t->in, words, k, each, input, was);
}

static void learn_sentence(Thread *t, int64_t length, float rate) {
    const Model *m = t->model;
    if (length < 2) return;
    int64_t entered = 0, left = 0;
    for (int64_t i = 0; i < AHEAD; i++) fetch_target(t, i, length), draw_ahead(t, i);
    for (int64_t i = 0; i < length; i++) {
        fetch_target(t, i + AHEAD, length);
        draw_ahead(t, i + AHEAD);
        for (; left < i - m->window; left++) leave_window(t, left);
        for (; entered < length && entered <= i + m->window; entered++) enter_window(t, entered, length);
        const int64_t far = reach(t), from = larger_of(i - far, 0), to = smaller_of(i + far, length - 1);
        int inputs = 0;
        for (int64_t c = from; c <= to; c++)
            if (c != i) t->in[inputs++] = ring_row(t, t->ring, c);
        if (m->cbow)
            learn_mean(t, inputs, t->sentence[i], negatives_of(t, i), rate);
        else // each word round the centre is an input
            learn_outputs(t, t->in, inputs, t->sentence[i], negatives_of(t, i), rate);
    }
    for (; left < entered; left++) leave_window(t, left);
}

// ---- Text

// Cut `scratch` into what a thread needs. The sizes are those of scratch_size in network.py.
static Thread thread_of(const Model *m, float *scratch, uint64_t seed, Progress *progress) {
    Thread t = {.model = m, .random = seed, .progress = progress, .ring_rows = 1};
    t.pool_size = m->cbow ? CBOW_POOL : POOL;
    while (t.pool_size < 8 * m->negative) t.pool_size *= 2;
    while (t.ring_rows < 2 * m->window + 1) t.ring_rows *= 2;
    t.ring = scratch, scratch += t.ring_rows * m->stride;
    t.before = scratch, scratch += t.ring_rows * m->stride;
    t.mean = scratch, scratch += 2 * m->stride;
    t.gradients = scratch, scratch += ((2 * m->window + 1) * OUTPUTS + 2 * LANES + ROW_FLOATS - 1) / ROW_FLOATS * ROW_FLOATS;
    t.in = (float **)scratch, scratch += (2 * m->window + 1) * 2;
    t.sentence = (int32_t *)scratch, scratch += SENTENCE;
    t.negatives = (int32_t *)scratch, scratch += (AHEAD + 1) * m->negative;
    t.pool = (int32_t *)scratch;
    return t;
}

// The vectors of the words from `first` to before `end`, [end - first, stride].
EXPORT(void, word_vectors)(const Model *m, int64_t first, int64_t end, float *to) {
    for (int64_t word = first; word < end; word++, to += m->stride) compose(m, word, to, to);
}

// Learn from `count` ids, where a negative one ends a sentence. The rate goes from `rate` down by `slope` a word.
EXPORT(void, learn)(const Model *m, const int32_t *ids, int64_t count, double rate, double slope, uint64_t seed,
                    float *scratch, Progress *progress) {
    Thread t = thread_of(m, scratch, seed, progress);
    t.coming = next_random(&t.random);
    for (int64_t k = 0; k < t.pool_size; k++) renew(&t);
    for (int64_t at = 0; at < count; at++) {
        const double now = rate - slope * (double)progress->words;
        int64_t length = 0;
        for (; at < count && ids[at] >= 0 && length < SENTENCE; at++) {
            const uint32_t keep = m->keep[ids[at]];
            progress->words++;
            t.sentence[length] = ids[at]; // no branch: what stays cannot be foreseen
            length += (uint32_t)(next_random(&t.random) >> 32) <= keep;
        }
        if (at < count && ids[at] >= 0) at--; // the sentence is longer: the loop must not step over a word
        learn_sentence(&t, length, (float)now);
    }
}

// So that a test can tell whether Python has the same fields.
EXPORT(int64_t, model_size)(void) { return sizeof(Model); }
