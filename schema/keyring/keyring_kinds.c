/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/keyring/keyring.h"

const struct key_kind_facts key_kinds[N_KEY_KINDS] = {
	[KEY_ROOT] = { "root", "offline", "nothing; signs whom intake seals to", 0, false, true },
	[KEY_TRIAGE] = { "triage", "classify", "tip bodies", 90, false, false },
	[KEY_RECOVERY] = { "recovery", "offline", "tip bodies and contact details, in a disaster", 0, false, true },
	[KEY_CUSTODIAN] = { "custodian", "the charity, offline", "contact details", 0, false, true },
	[KEY_BUS] = { "bus", "classify, dedupe, route; sink: case.routed alone", "records between stages", 90, false,
		false },
	[KEY_LINKAGE] = { "linkage", "classify, the office that enters registers", "nothing; makes tokens", 0, false,
		false },
	[KEY_TEAM] = { "team", "the team", "the team's cases", 365, true, true },
	[KEY_ADAPTER] = { "adapter", "the adapter", "nothing; signs tips, admits to the gateway", 365, true, true },
	[KEY_GATEWAY] = { "gateway", "gateway", "nothing; proves the gateway to adapters", 0, false, false },
	[KEY_OPERATOR] = { "operator", "the operator", "nothing; confirms that a key is destroyed", 0, true, true },
};

const char *const key_state_names[N_KEY_STATES] = { "coming", "active", "overlap", "retired", "destroyed" };
