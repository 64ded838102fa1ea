/* Is this a build with sanitizers, or one that counts coverage? They make everything up to fifteen
 * times slower, so suites that try many things try fewer of them there; fewer still where only
 * coverage is counted (COUNTED), for what runs once has run. For the tests. */
#ifndef RESCIND_TESTS_SANITIZED_H
#define RESCIND_TESTS_SANITIZED_H

#if defined(INSTRUMENTED) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif
#ifdef COVERAGE
#define COUNTED 1
#else
#define COUNTED 0
#endif
/* How many: in a build that counts, in one with sanitizers, and otherwise. */
#define FEWER(counted, sanitized, plain) (COUNTED ? (counted) : SANITIZED ? (sanitized) : (plain))

#endif
