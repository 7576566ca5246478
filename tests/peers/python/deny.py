"""Forbids a user one thing: adds an ACL that denies it, and one that allows everything else there.

  deny.py BOOTSTRAP USER OPERATION (topic|group|transactional_id) NAME
"""

import sys

from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

KINDS = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "transactional_id": ResourceType.TRANSACTIONAL_ID,
}

bootstrap, user, operation, kind, name = sys.argv[1:]


def binding(operation, permission):
    return AclBinding(
        KINDS[kind], name, ResourcePatternType.LITERAL, f"User:{user}", "*", operation, permission
    )


# Kept: the futures die with their client.
client = AdminClient({"bootstrap.servers": bootstrap})
bindings = [
    binding(AclOperation.ALL, AclPermissionType.ALLOW),
    binding(AclOperation[operation.upper()], AclPermissionType.DENY),
]
for future in client.create_acls(bindings).values():
    future.result(timeout=30)
