package catalog

// table is the catalog in the order of its documentation. Help texts are those
// of the shims, so that the output with naming "prometheus" equals that of
// kata-monitor.
var table = [][]family{
	shimFamilies, hypervisorFamilies, virtiofsdFamilies, cgroupFamilies,
	agentFamilies, guestFamilies, firecrackerFamilies, goFamilies,
}
