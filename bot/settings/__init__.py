"""What people, servers and the operator may choose: preferences, policy, and how their layers become one."""
