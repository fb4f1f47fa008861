/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"

const struct limits limits_default = LIMITS_DEFAULT;
