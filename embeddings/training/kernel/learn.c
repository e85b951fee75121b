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
#define TILE 8        // centres of CBOW that share negative samples, at most
#define SAMPLED 64    // the loss is worked out for one centre in so many

// Scratch memory of one thread, cut out of what Python hands in (kernel.py works out how much it takes).
typedef struct {
    const Model *model;
    uint64_t random;
    Progress *progress;
    int32_t *sentence;   // [SENTENCE] words that stayed
    int32_t *negatives;  // [AHEAD + 1, negative]
    float *ring, *before; // [ring_rows, stride] vectors in the window, and as they were when they came
    float *tile;         // [2 · tile + 1, stride] inputs of CBOW, as they were before, and a running sum
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

INLINE int32_t *negatives_of(const Thread *t, int64_t turn) {
    return t->negatives + turn % (AHEAD + 1) * t->model->negative;
}

// Draw negative samples for a turn to come, and begin to fetch their rows.
static void draw_ahead(Thread *t, int64_t turn) {
    const Model *m = t->model;
    int32_t *negatives = negatives_of(t, turn);
    for (int k = 0; k < m->negative; k++) {
        negatives[k] = draw_word(m, &t->random);
        fetch_row(m->outputs + negatives[k] * m->stride, m->dimension);
    }
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

// `inputs` against the `given` words, the first of which is right for all of them if `positive`, and against negative
// samples. Those that are among the given words are left out.
static void learn_outputs(Thread *t, int inputs, const int32_t *targets, int given, int positive,
                          const int32_t *negatives, float rate) {
    const Model *m = t->model;
    const int sampled = t->progress->pairs / SAMPLED % SAMPLED == 0;
    int left = m->negative, first = positive;
    while (left || first) {
        float *out[OUTPUTS], times[OUTPUTS];
        int32_t word[OUTPUTS];
        int n = 0, repeated = 0;
        const int has_target = first;
        if (first) word[n] = targets[0], times[n++] = 1.f, first = 0;
        for (; left && n < OUTPUTS; left--, negatives++) {
            int target = 0, known = 0;
            while (target < given && targets[target] != *negatives) target++;
            if (target < given) continue;
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
        step(n, inputs, t->in, out, m->dimension, rate, has_target, repeated ? times : 0, t->gradients);
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
        learn_outputs(t, inputs, t->sentence + i, 1, 1, negatives_of(t, i), rate);
    }
    for (; left < entered; left++) leave_window(t, left);
}

// ---- CBOW: the mean of the words round a centre is the input, the centre its output.
//
// Sums over windows are differences of running sums: ring[i] is the sum of the vectors before i. What a window's words
// learn, all the same, goes the other way: into differences, before[i], whose running sum is what word i has learned.

static void enter_sum(Thread *t, int64_t i, int64_t length) {
    float *sum = ring_row(t, t->ring, i), *next = ring_row(t, t->ring, i + 1), *learned = ring_row(t, t->before, i + 1);
    if (i + AHEAD < length) fetch_word(t->model, t->sentence[i + AHEAD]);
    compose(t->model, t->sentence[i], next, learned);
    for (int64_t k = 0; k < t->model->dimension; k += LANES) {
        store(next + k, load(next + k) + load(sum + k));
        store(learned + k, splat(0.f));
    }
}

static void leave_sum(Thread *t, int64_t i, float *running) {
    const float *learned = ring_row(t, t->before, i);
    for (int64_t k = 0; k < t->model->dimension; k += LANES) store(running + k, load(running + k) + load(learned + k));
    add_to_word(t->model, t->sentence[i], running);
}

// Run over the windows of a tile's centres: all of them meet their own word, and together they meet the same negatives.
static void learn_tile(Thread *t, int64_t first, int64_t length, float rate) {
    const Model *m = t->model;
    const int64_t end = smaller_of(first + m->tile, length), size = m->dimension * (int64_t)sizeof(float);
    float *was = t->tile + m->tile * m->stride;
    int64_t from[TILE], to[TILE];
    int inputs = 0;
    for (int64_t i = first; i < end; i++, inputs++) {
        const int64_t far = reach(t);
        from[inputs] = larger_of(i - far, 0), to[inputs] = smaller_of(i + far, length - 1);
        const float *a = ring_row(t, t->ring, to[inputs] + 1), *b = ring_row(t, t->ring, from[inputs]);
        const float *c = ring_row(t, t->ring, i + 1), *d = ring_row(t, t->ring, i);
        const vf part = splat(m->cbow_mean ? 1.f / (float)(to[inputs] - from[inputs]) : 1.f);
        float *input = t->tile + inputs * m->stride;
        for (int64_t k = 0; k < m->dimension; k += LANES)
            store(input + k, ((load(a + k) - load(b + k)) - (load(c + k) - load(d + k))) * part);
    }
    memcpy(was, t->tile, (size_t)((inputs - 1) * m->stride) * sizeof(float) + (size_t)size);
    for (int i = 0; i < inputs; i++) {
        float *out = m->outputs + t->sentence[first + i] * m->stride, *in = t->tile + i * m->stride;
        step(1, 1, &in, &out, m->dimension, rate, 1, 0, t->gradients);
        t->in[i] = in;
    }
    learn_outputs(t, inputs, t->sentence + first, inputs, 0, negatives_of(t, first / m->tile), rate);
    for (int i = 0; i < inputs; i++) {
        const float *now = t->tile + i * m->stride, *then = was + i * m->stride;
        float *a = ring_row(t, t->before, to[i] + 1), *b = ring_row(t, t->before, from[i]);
        float *c = ring_row(t, t->before, first + i + 1), *d = ring_row(t, t->before, first + i);
        const vf part = splat(m->cbow_mean ? 1.f : 1.f / (float)(to[i] - from[i]));
        for (int64_t k = 0; k < m->dimension; k += LANES) { // rows can be the same: each is stored before the next is read
            const vf learned = (load(now + k) - load(then + k)) * part;
            store(a + k, load(a + k) - learned);
            store(b + k, load(b + k) + learned);
            store(c + k, load(c + k) + learned);
            store(d + k, load(d + k) - learned);
        }
    }
}

static void cbow(Thread *t, int64_t length, float rate) {
    const Model *m = t->model;
    float *running = t->tile + 2 * m->tile * m->stride;
    int64_t entered = 0, left = 0;
    memset(running, 0, m->dimension * sizeof(float));
    memset(ring_row(t, t->ring, 0), 0, m->dimension * sizeof(float));
    memset(ring_row(t, t->before, 0), 0, m->dimension * sizeof(float));
    for (int64_t turn = 0; turn < AHEAD; turn++) draw_ahead(t, turn);
    for (int64_t first = 0; first < length; first += m->tile) {
        draw_ahead(t, first / m->tile + AHEAD);
        for (int64_t i = first; i < first + m->tile; i++) fetch_target(t, i + m->tile, length);
        for (; left < first - m->window; left++) leave_sum(t, left, running);
        for (; entered < length && entered < first + m->tile + m->window; entered++) enter_sum(t, entered, length);
        learn_tile(t, first, length, rate);
    }
    for (; left < entered; left++) leave_sum(t, left, running);
}

// ---- Text

static void learn_sentence(Thread *t, int64_t length, float rate) {
    if (length < 2) return;
    if (t->model->cbow)
        cbow(t, length, rate);
    else
        skip_gram(t, length, rate);
}

// Cut `scratch` into what a thread needs. The sizes are those of scratch_floats in kernel.py.
static Thread thread_of(const Model *m, float *scratch, uint64_t seed, Progress *progress) {
    Thread t = {.model = m, .random = seed, .progress = progress, .ring_rows = 1};
    while (t.ring_rows < 2 * m->window + m->tile + 2) t.ring_rows *= 2;
    t.ring = scratch, scratch += t.ring_rows * m->stride;
    t.before = scratch, scratch += t.ring_rows * m->stride;
    t.tile = scratch, scratch += (2 * m->tile + 1) * m->stride;
    t.gradients = scratch, scratch += ((2 * m->window + 1) * OUTPUTS + 2 * LANES + ROW_FLOATS - 1) / ROW_FLOATS * ROW_FLOATS;
    t.in = (float **)scratch, scratch += (2 * m->window + 1) * 2;
    t.sentence = (int32_t *)scratch, scratch += SENTENCE;
    t.negatives = (int32_t *)scratch;
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

// So that a test can tell whether Python has the same fields.
EXPORT(int64_t, model_size)(void) { return sizeof(Model); }
