// SPDX-License-Identifier: GPL-2.0
#include "device.h"
#include "egress.h"
#include "family.h"
#include "genl.h"
#include "link.h"
#include "registry.h"
#include "samples.h"
#include "spd.h"

#include <linux/module.h>
#include <linux/rcupdate.h>

static int __init mtun_init(void)
{
	int err;

	err = mt_registry_init();
	if (err)
		return err;
	err = mt_spd_init();
	if (err)
		goto err_exit_registry;
	err = mt_samples_init();
	if (err)
		goto err_exit_spd;
	err = mt_link_init();
	if (err)
		goto err_exit_samples;
	err = mt_egress_init();
	if (err)
		goto err_exit_link;
	mt_family_init();
	err = mt_device_init();
	if (err)
		goto err_exit_family;
	err = mt_genl_init();
	if (err)
		goto err_exit_device;
	return 0;

err_exit_device:
	mt_device_exit();
err_exit_family:
	mt_family_exit();
	mt_egress_exit();
err_exit_link:
	mt_link_exit();
err_exit_samples:
	mt_samples_exit();
err_exit_spd:
	mt_spd_exit();
err_exit_registry:
	mt_registry_exit();
	rcu_barrier();	/* as below: requests come before all is there */
	return err;
}

static void __exit mtun_exit(void)
{
	mt_genl_exit();
	mt_device_exit();
	mt_family_exit();
	mt_egress_exit();
	mt_link_exit();
	mt_samples_exit();
	mt_spd_exit();
	mt_registry_exit();
	rcu_barrier();	/* much is freed by functions of ours */
}

module_init(mtun_init);
module_exit(mtun_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Stateless tunnels for edge routers");
