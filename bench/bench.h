/* The subjects of bench/bench.c; each looks for itself whether it is wanted. */
#ifndef RESCIND_BENCH_BENCH_H
#define RESCIND_BENCH_BENCH_H

#include "bench/measure.h"

/* The kernel: bench/kernel.c */
void bench_treap(struct measure *m);
void bench_trees(struct measure *m);
void bench_leaves(struct measure *m);
void bench_messages(struct measure *m);
void bench_audit(struct measure *m);

/* What the host does with it: bench/host.c. `sources` is the folder of this project. */
void bench_arena(struct measure *m);
void bench_simulator(struct measure *m, const char *sources);
void bench_explorer(struct measure *m, const char *sources);
void bench_fuzzer(struct measure *m, const char *sources);
void bench_parse(struct measure *m, const char *sources);

#endif
