// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Keeps on a public chain how far a hub has come, and under which root.
///
/// The hub is an append-only Merkle log (RFC 9162, SHA-256) whose entries are the signed checkpoints of
/// other logs. One publisher states its size and root from time to time; each statement is an event, and
/// only the newest size stays in storage.
///
/// What holds, whoever calls:
///  - only the publisher, fixed at construction, can state anything;
///  - for one hub the sizes only grow: no statement is ever replaced by another of the same size;
///  - there is no owner, no upgrade, no way to stop or to pay in.
///
/// Not here: who signs the checkpoints, and whether what they cover is true.
contract AnchorRegistry {
    /// What the chain remembers of a hub; both numbers share one storage slot.
    struct Latest {
        uint64 size;
        uint64 blockNumber;
    }

    /// The only account that can anchor.
    address public immutable publisher;

    /// The newest size stated for a hub, and the block in which its event stands; zeros if there is none.
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
    /// `path` holds the sibling hashes from the leaf up (RFC 9162, section 2.1.3.2). Whether `root` was ever
    /// anchored is for the caller to compare with the events.
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
        bytes32 seen = leaf;
        for (uint256 step = 0; step < path.length; ++step) {
            // The path is longer than the tree is high.
            if (last == 0) return false;
            if (place & 1 == 1 || place == last) {
                seen = sha256(abi.encodePacked(bytes1(0x01), path[step], seen));
                // The right edge has no sibling on the levels where it stands alone.
                while (place & 1 == 0) {
                    place >>= 1;
                    last >>= 1;
                }
            } else {
                seen = sha256(abi.encodePacked(bytes1(0x01), seen, path[step]));
            }
            place >>= 1;
            last >>= 1;
        }
        return last == 0 && seen == root;
    }
}
