/* Is this a build with sanitizers, or one that counts coverage? They make everything up to fifteen
 * times slower, so suites that try many things try fewer of them there. For the tests. */
#ifndef RESCIND_TESTS_SANITIZED_H
#define RESCIND_TESTS_SANITIZED_H

#if defined(INSTRUMENTED) || defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#endif
