/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/keyring/keyring.h"

const struct key_kind_facts key_kinds[N_KEY_KINDS] = {
	[KEY_ROOT] = { "root", "offline", "nothing; signs whom intake seals to",
		"Lost: no list of recipients can be renewed, and adapters stop when the last one expires: give every adapter a "
		"new root.pub (`tipctl recipients root`) by hand before that. Stolen: whoever has it and a gateway can have "
		"tips sealed to a key of his own: the same, at once.", 0, false, true },
	[KEY_TRIAGE] = { "triage", "classify", "tip bodies",
		"Lost: tips sealed to it are parked as key-unknown; only the recovery key of its epoch opens them. Put a copy "
		"back, and they are released. Stolen: rotate, retire the epoch, and destroy it when its tips are through; "
		"what the thief has copied of tip.sealed he reads.", 90, false, false },
	[KEY_RECOVERY] = { "recovery", "offline", "tip bodies and contact details, in a disaster",
		"Lost: nothing for now; there is no second way to a tip any more: rotate triage, which makes a new one. "
		"Stolen: as the triage key, and contact details as well.", 0, false, true },
	[KEY_CUSTODIAN] = { "custodian", "the charity, offline", "contact details",
		"Lost: contact details can be opened with the recovery key alone. Stolen: whoever reads the store reads who "
		"left details: sign a list with another custodian key (`tipctl recipients sign --custodian`).", 0, false,
		true },
	[KEY_BUS] = { "bus", "classify, dedupe, route; sink: case.routed alone", "records between stages",
		"Lost: records of its epoch are parked as record-key until it is back. Stolen: rotate and retire; "
		"tip.classified and tip.linked hold a tip's body for some days.", 90, false, false },
	[KEY_LINKAGE] = { "linkage", "classify, the office that enters registers", "nothing; makes tokens",
		"Lost: classify does not start; without a copy links to all earlier tips are lost. Stolen: whoever has it and "
		"dedupe's index or a register can try whether a name is in it: rotate.", 0, false, false },
	[KEY_TEAM] = { "team", "the team", "the team's cases",
		"Lost: the team cannot read its cases any more, and nobody can for it; whoever has a triage or the "
		"recovery identity opens the tips as long as tip.sealed keeps them (`tipctl explain TIP -i`). Stolen: rotate; "
		"what the thief has copied he reads.", 365, true, true },
	[KEY_ADAPTER] = { "adapter", "the adapter", "nothing; signs tips, admits to the gateway",
		"Lost: the adapter cannot submit; its spool waits: rotate. Stolen: somebody can submit in its name: "
		"`tipctl keys revoke adapter NAME`, at once, then list it anew.", 365, true, true },
	[KEY_GATEWAY] = { "gateway", "gateway", "nothing; proves the gateway to adapters",
		"Lost: the gateway does not start. Stolen: somebody can pose as the gateway, and learns who submits when, but "
		"neither opens a tip nor has one sealed to himself. Make a new pair, and bring adapters the public half.",
		0, false, false },
	[KEY_OPERATOR] = { "operator", "the operator", "nothing; confirms that a key is destroyed",
		"Lost or stolen: `tipctl keys retire operator NAME`; `tipctl keys operator` makes a key under another name, "
		"which counts after seven days.", 0, true, true },
};

const char *const key_state_names[N_KEY_STATES] = { "coming", "active", "overlap", "retired", "destroyed" };
