// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clones.h"

#define TRIMTAB_CODEC_CLONES TRIMTAB_CLONES
