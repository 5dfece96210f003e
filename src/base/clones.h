// SPDX-License-Identifier: Apache-2.0
#pragma once

// TRIMTAB_CLONES in front of a function builds it twice, for every x86-64 and for those with AVX2
// and BMI, and picks at program start. Empty where compiler or machine knows no such thing, and under
// sanitizers, whose own start comes after the choice, or with TRIMTAB_NO_CLONES. Files that use it on
// floating point are built with -ffp-contract=off, so that both give the same bits.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__) && !defined(TRIMTAB_NO_CLONES)
#define TRIMTAB_CLONES __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define TRIMTAB_CLONES
#endif
