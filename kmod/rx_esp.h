/* SPDX-License-Identifier: GPL-2.0 */
/* Reception of ESP: from xfrm to decapsulation. */
#ifndef MTUN_RX_ESP_H
#define MTUN_RX_ESP_H

/**
 * mt_rx_esp_start() - receive for one tunnel of MTUN_MODE_IPSEC more
 *
 * Context: RTNL.
 * Return: 0, or -EEXIST if another module has our place in xfrm.
 */
int mt_rx_esp_start(void);

/* For one less. Context: RTNL. */
void mt_rx_esp_stop(void);

#endif /* MTUN_RX_ESP_H */
