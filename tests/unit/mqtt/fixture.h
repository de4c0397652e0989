/* SPDX-License-Identifier: MIT */
#ifndef TESTS_UNIT_MQTT_FIXTURE_H
#define TESTS_UNIT_MQTT_FIXTURE_H

/* Rules as they are written, for the tests of what follows them. */

#include "bridge/str.h"
#include "conf/rules.h"

/*
 * The first rule of a configuration in which one link has that rule, on the
 * network "home"; fails the test if it is wrong. *conf is the caller's to free.
 */
const struct conf_rule *rule_of(struct conf **conf, const char *options);

#endif
