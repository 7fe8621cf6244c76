// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Publishes the size and the root of a hub.
///
/// The hub is an append-only Merkle log (RFC 9162, SHA-256) whose entries are the signed checkpoints of
/// other logs. One publisher states its size and root from time to time; each statement is an event, and
/// only the newest size is kept in storage.
///
/// What holds, whoever calls:
///  - only the publisher, fixed at construction, can state anything;
///  - for one hub the sizes only grow: no statement is ever replaced by another of the same size;
///  - there is no owner, no upgrade, no way to pause it or to send it coins.
///
/// Not here: who signs the checkpoints, and whether the records that they cover are true.
contract AnchorRegistry {
    /// The newest statement about a hub; both numbers share one storage slot.
    struct Latest {
        uint64 size;
        uint64 blockNumber;
    }

    /// The only account that can anchor.
    address public immutable publisher;

    /// The newest size stated for a hub, and the block that contains its event; zeros if there is none.
    mapping(bytes32 hubId => Latest) public latest;

    /// The hub had `size` entries under `root`. `hubId` is the SHA-256 of the hub's origin.
    event Anchored(bytes32 indexed hubId, bytes32 indexed root, uint64 size);

    /// The caller is not the publisher.
    error NotPublisher(address caller);

    /// The size offered is not greater than the one already stated.
    error SizeMustGrow(uint64 latestSize, uint64 offeredSize);

    constructor(address publisher_) {
        publisher = publisher_;
    }

    /// States that the hub has `size` entries under `root`.
    function anchor(bytes32 hubId, bytes32 root, uint64 size) external {
        if (msg.sender != publisher) revert NotPublisher(msg.sender);
        uint64 before = latest[hubId].size;
        if (size <= before) revert SizeMustGrow(before, size);
        latest[hubId] = Latest(size, uint64(block.number));
        emit Anchored(hubId, root, size);
    }

    /// Whether the leaf with hash `leaf` is at `index` in the log of `size` leaves under `root`.
    ///
    /// `path` holds the sibling hashes from the leaf up (RFC 9162, section 2.1.3.2). The caller compares
    /// `root` with the events to find out whether it was ever anchored.
    function verify(
        bytes32 root,
        uint64 size,
        uint64 index,
        bytes32 leaf,
        bytes32[] calldata path
    ) external pure returns (bool) {
        if (index >= size) return false;
        uint64 place = index;
        uint64 last = size - 1;
        bytes32 node = leaf;
        for (uint256 step = 0; step < path.length; ++step) {
            // The path is longer than the tree is high.
            if (last == 0) return false;
            if (place & 1 == 1 || place == last) {
                node = sha256(abi.encodePacked(bytes1(0x01), path[step], node));
                // The right edge has no sibling on the levels where it has no partner.
                while (place & 1 == 0) {
                    place >>= 1;
                    last >>= 1;
                }
            } else {
                node = sha256(abi.encodePacked(bytes1(0x01), node, path[step]));
            }
            place >>= 1;
            last >>= 1;
        }
        return last == 0 && node == root;
    }
}
