# SPDX-License-Identifier: GPL-2.0
#
# TAP for the tests of the test machine.

num=0
# shellcheck disable=SC2034
ret=0

# result STATUS NAME: sets ret if the status is not 0
result()
{
	num=$((num + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $num $2"
	else
		echo "not ok $num $2"
		ret=1
	fi
}
