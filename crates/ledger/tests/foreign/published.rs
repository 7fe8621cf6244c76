//! Proofs that programs of others made, and policies that others published: their values, with the source of each.
//!
//! Sources: the crate sigsum 0.3.0 (its documentation's example, and the policy sigsum-test-2025-3 of the Sigsum project);
//! sigsum-go at 192b5532, `pkg/proof/proof_test.go`; the program proofbundle 6.3.1, run by us with keys from seeds of 32
//! equal bytes (log 11, witnesses 21 to 23) over the entries `parcel 0` to `parcel 10`, each ended by a newline.

/// The values of a Sigsum proof.
#[derive(Clone, Copy)]
pub struct Sigsum {
    pub log: &'static str,
    pub submitter: &'static str,
    pub leaf_signature: &'static str,
    pub size: &'static str,
    pub root: &'static str,
    pub signature: &'static str,
    pub cosignatures: &'static [(&'static str, &'static str, &'static str)],
    pub index: &'static str,
    pub path: &'static [&'static str],
}

impl Sigsum {
    /// As a file of version 2.
    pub fn file(&self) -> String {
        let mut file = format!(
            "version=2\nlog={}\nleaf={} {}\n\nsize={}\nroot_hash={}\nsignature={}\n",
            self.log, self.submitter, self.leaf_signature, self.size, self.root, self.signature
        );
        for (witness, time, signature) in self.cosignatures {
            file = format!("{file}cosignature={witness} {time} {signature}\n");
        }
        file = format!("{file}\nleaf_index={}\n", self.index);
        for hash in self.path {
            file = format!("{file}node_hash={hash}\n");
        }
        file
    }
}

/// Logged at a public test log of the Sigsum project, with eight of its witnesses: the example of the crate sigsum 0.3.0.
pub const TEST_LOG: Sigsum = Sigsum {
    log: "1643169b32bef33a3f54f8a353b87c475d19b6223cbb106390d10a29978e1cba",
    submitter: "2c8d843ed6237e9ea033207113329fdd1428c75f8fd3c6782ae46c92c7a00c40",
    leaf_signature: "38dd0b42cab5166611a4f8346db1c6ffe81ee2345f3ffe36a466eb8fce1d4b2879fbb5f26291d25e610b2dc7f30eaa603efd97739ae585657d0f7181726eec00",
    size: "381382",
    root: "901fefc6f1d978d2c2bedb82d448755bcdc7e8626e67ac7ee80873771be9b667",
    signature: "8a8bf1fca60d1344fb6e2106e8f8906af833d3d75a21fe8d3af72be459f7a11f2ae6606ec6344a13b851cd454b3d281a2b1ae47732f7a8d6afbcc0134d1a2d00",
    cosignatures: &[
        (
            "1c997261f16e6e81d13f420900a2542a4b6a049c2d996324ee5d82a90ca3360c",
            "1770193051",
            "a1ee1182b265204499cbef3ae59f3ea228b928b3cbda8817a4ed5a12776823e9ad8ef1ce986b9b98d9954f1798ec4315c1820704600a231c69038ccc9726d202",
        ),
        (
            "49c4cd6124b7c572f3354d854d50b2a4b057a750f786cf03103c09de339c4ea3",
            "1770193051",
            "aaf642e81a54399777180f238573d74878b68c7b645d8011583621405bb450b4e7887fc76502a8142c493d64e3ed3e556d82dad1706411082e58805f64fa9d02",
        ),
        (
            "70b861a010f25030de6ff6a5267e0b951e70c04b20ba4a3ce41e7fba7b9b7dfc",
            "1770193051",
            "f5953f406f5fd97d9c9d1328b00b07bf434a5eb76d8da359aeda98c414de29ca1ced1872971ea0f137508a7bb05c7d322548409425677af96433706319bc0801",
        ),
        (
            "86b5414ae57f45c2953a074640bb5bedebad023925d4dc91a31de1350b710089",
            "1770193051",
            "3434b4646904714f4983c8e7e976a45332711f10012b19fbeb5549b6c0c04fb4ed52feed2da829354623c52b22b90093776034a8d57d660f9ff27a118f5bf801",
        ),
        (
            "c1d2d6935c2fb43bef395792b1f3c1dfe4072d4c6cadd05e0cc90b28d7141ed3",
            "1770193051",
            "f0dce1bcdda3a2826479d62e6afedbe9ec06e8f990ae59d8cefa84d9a6ee68c12c2820fb00e1dbdc30044b16c7695a9d1047cec4788dc757f698d34ebaec4305",
        ),
        (
            "d960fcff859a34d677343e4789c6843e897c9ff195ea7140a6ef382566df3b65",
            "1770193051",
            "b44c41f75566850003f7f655a6dc7bb38bb980e8e2c383871e29883805d3adec7782a08388b9386d9718380a4bb6900043e2b46080cff0fa75a500c36ef9df0a",
        ),
        (
            "e4a6a1e4657d8d7a187cc0c20ed51055d88c72f340d29534939aee32d86b4021",
            "1770193051",
            "70697b4a6b07e79e49d0a8e41fd7450a593ee9df11da6244cebe4b0c15c8e52f28ad3931b95a806fc7f16b4ad90197971ddc087434c7985b8b3a0223c9fa3603",
        ),
        (
            "42351ad474b29c04187fd0c8c7670656386f323f02e9a4ef0a0055ec061ecac8",
            "1770193051",
            "6610e5cf4ead2062d9783fbc19d2bae65eded35335495ad0cf0386277ed2d51854ced64efa21a6db0a398fdfb6761aa7d5659e54950a060d167fbdcb7b5ece05",
        ),
    ],
    index: "381381",
    path: &[
        "d009c5dbeaaa5be1788ea9533f6f398747755a8245012165ac73f753b7917672",
        "fb515551fe18f6e53d7d7f49b80abbb5c702b9662ee74fc7730e4a7685000aa4",
        "e21e73ee8caf0d49cdcd2f334b3f64e85e4a151daf8d09b6034306bb21b88480",
        "f77bc4db00e509149b6e2fc0028d7107dd415929dc9972f32fe758ce39bcc9a0",
        "3acb38f01c633d917b899ed4e522a49a02bf20d358f98ca530e3a3065591e7f2",
        "889de80c543a5ae8e35430988dc120ac7edde74b776f9082f814ea88190a601f",
        "199f812b9f3667dec31f964098e32652477a2f3d458019b6f8f4acc645cf0131",
        "084580f8f6324d4ae42dbcb779502ab9fab77e0c2b92519fe089be72e38d60ed",
        "9ddbece4939d621df53f31e2729d5fa7802fd82f3edfb784483d8b7fa9cf41e2",
        "e1c7a90c09949c263807e5970aef47f9a06164b759995ab814aff94aff9dcd00",
    ],
};
/// Of the log server and one witness of the test `TestVerify` of sigsum-go 0.14.
pub const ONE_WITNESS: Sigsum = Sigsum {
    log: "7c5fafc796c201e0fcd7567c5033a2777ec28363f54ea0ba97b57bece0d96acd",
    submitter: "8a578b9649ba01b7d29dd557906975d68a3aec50e3f9c08690420b8c6426856d",
    leaf_signature: "79b489a38548a67d78f06221b014d41be58b703237d17b4f203f0dd4ead9e2597149c2f118894581ce7473a61fa880716af6ff2138bade2cecc4b297099bf104",
    size: "4",
    root: "3ddc56fd46e71e517b6936b977a457da7d398108141fcdf5c8386cdd724ab7a8",
    signature: "ccbdd8c784726b732b8edd2039fbad5506e4acccd56e3e5d86c0ee109b3d2662e6881fe3d09fc48f9ddd31494463c5ec44926ff9158785ad1dd9b5d6434b0804",
    cosignatures: &[(
        "bd8385aa82e07c3e1e297a1600c12bb25ce7a9490b5c1287ec30e09ac4c8b884",
        "1683202758",
        "e8d6c447d7847d5c1431ef86f8c60fa0cbacd975388b2a8f202fe4b0f9d0d544989c9d9351752d86aae2df72b9d7135b6b09de2ccaa6d68edf638105d69be609",
    )],
    index: "3",
    path: &[
        "61010ae798308f5b97237615ab8c1b14f2c782c37616e97d0a170b617bc7a4ce",
        "a5c3752be610d605ce5c64ee2e28ee5b94a1cc0a68742f18f24c9b5c82d07298",
    ],
};
/// Of the log server of its test `TestVerifyNoCosignatures`.
pub const NO_WITNESS: Sigsum = Sigsum {
    log: "1f8d4547082a5985ad0e59ffe219f7a065e09c6b77a0012daf276e5dd1805b4b",
    submitter: "69512577a0f3c2695011ddc549756099017b7e2c8390341cbb24c57e886775f1",
    leaf_signature: "262737d935123272b9e3265fe2e38a014a9c1b13951e864737666251ada26dabbc6e699a4e527ec52a0be970e158abef35f087766d18d560853a44855119cf01",
    size: "4",
    root: "7bca01e88737999fde5c1d6ecac27ae3cb49e14f21bcd3e7245c276877b899c9",
    signature: "c60e5151b9d0f0efaf57022c0ec306c0f0275afef69333cc89df4fda328c87949fcfa44564f35020938a4cd6c1c50bc0349b2f54b82f5f6104b9cd52be2cd90e",
    cosignatures: &[],
    index: "3",
    path: &[
        "e7d222a285ca81fdc76bfcd5513408c87dd42a18e03d6c3b672a05982163c01b",
        "15cdc42440689a6f7599e09f61a4d638420cb58662f5994def1624ea4d923879",
    ],
};
/// What was logged in [`TEST_LOG`], and the key that submitted it.
pub const TEST_DATA: &[u8] = b"Hello, Sigsum!\n";
pub const TEST_SUBMITTER: &str = "99ed58583e8750b20548e69df4a4e1a592379a9a66c51cd32e42fbe4e1bde78a";

/// The policy sigsum-test-2025-3: two logs, eight witnesses, three of them in a group.
pub const TEST_LOGS: [(&str, &str); 2] = [
    (
        "4644af2abd40f4895a003bca350f9d5912ab301a49c77f13e5b6d905c20a5fe6",
        "https://test.sigsum.org/barreleye",
    ),
    (
        "47e481606d8acba747a6b053d6c2d191605fb122175d410a1202a91430abce39",
        "https://serviceberry.tlog.stagemole.eu",
    ),
];
pub const TEST_WITNESSES: [(&str, &str); 8] = [
    ("poc.sigsum.org/nisse", "1c25f8a44c635457e2e391d1efbca7d4c2951a0aef06225a881e46b98962ac6c"),
    ("rgdd.se/poc-witness", "28c92a5a3a054d317c86fc2eeb6a7ab2054d6217100d0be67ded5b74323c5806"),
    (
        "witness1.smartit.nu/witness1",
        "f4855a0f46e8a3e23bb40faf260ee57ab8a18249fa402f2ca2d28a60e1a3130e",
    ),
    (
        "witness.navigli.sunlight.geomys.org",
        "dcbf728e02d479f5a7e20dc09adf525833ed6e797526517aeb07fc6854849fc6",
    ),
    ("remora.n621.de", "ebcdeb78e7fdb2ef9227b2c1ef11e94600b55b4d6d9a57877e31ee89e59adc36"),
    ("witness.stagemole.eu", "4a921b7caef58ae670cdc11ef4184f1c058f7b9259a9107a969f69fa54aa496f"),
    (
        "tillitis.se/test-witness-1",
        "636582aec12f32c18a21733db9e3f718058ee7aaec6dbe4eb81781e0f4300c6e",
    ),
    (
        "transparency.dev/DEV:witness-little-garden",
        "2b6eb0ec483503544cde4e8fc1ce6d1921db21dffccc186865f808f7625443cc",
    ),
];

/// That policy as a file, with this threshold of the group of six.
pub fn test_policy(threshold: &str) -> String {
    let mut file = "# as published\n".to_owned();
    for (key, url) in TEST_LOGS {
        file = format!("{file}log {key} {url}\n");
    }
    for (name, key) in TEST_WITNESSES {
        file = format!("{file}witness {name}   {key}\n");
    }
    let names: Vec<&str> = TEST_WITNESSES.iter().map(|(name, _)| *name).collect();
    file = format!("{file}\ngroup inner 2 {}\n", names[..3].join(" "));
    format!("{file}group outer {threshold} inner {}\nquorum outer\n", names[3..].join(" "))
}

/// Keys of the tests of sigsum-go, as OpenSSH writes them; what they log is this message of 32 bytes.
pub const GO_MESSAGE: [u8; 32] = *b"                          foo-4\n";
pub const ONE_WITNESS_LOG: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKwmwKhVrEUaZTlHjhoWA4jwJLOF8TY+/NpHAXAHbAHl";
pub const ONE_WITNESS_SUBMITTER: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMdLcxVjCAQUHbD4jCfFP+f8v1nmyjWkq6rXiexrK8II";
pub const ONE_WITNESS_WITNESS: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMvjV+a0ZASecDt75siSARk6zCoYwJWwaRqvULmx4VeK";
pub const NO_WITNESS_LOG: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIN6kw3w2BWjlKLdrtnv4IaN+zg8/RpKGA98AbbTwjpdQ";
pub const NO_WITNESS_SUBMITTER: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMCMTGNMNe1HP2us/dR5dBpyrSPDgPQ9mX5j9iqbLIS+";

/// The tlog-proof that proofbundle 6.3.1 wrote, and accepts: log, place, path and root.
pub const PARCELS: &str = "log.example.org/parcels";
pub const PARCEL_SIX: &[u8] = b"parcel 6\n";
pub const PARCEL_PATH: [&str; 4] = [
    "5n9Z4d4zTl5/SmjIge9ENwvAAr/C0OzuYJOcWdieJaY=",
    "Jo/Hd8VrhB4AQ/qvH+MBx6L1C8fORrXjPI7G5lyLbik=",
    "Y8c/Xs5rDidN6oUi8jIuja5/WmiQq+5xIlPmz2J7UoQ=",
    "54xBci2o4pcncHIqBTbSkPVnJUT3ii6OT8ZpuyRC+og=",
];
pub const PARCEL_ROOT: &str = "N6jkMjxo41tBl0EJNkYfPuehNMmlCAZ+IGjLtHnuZLE=";
/// Names and signatures of the log and its three witnesses.
pub const PARCEL_SIGNATURES: [(&str, &str); 4] = [
    (
        "log.example.org/parcels",
        "hN2nOFhbi0iUPcfUyodzvUsmFJyeGRGh2pv4bYZrlrcPr/X1gg5LLj9hAALdj3+JwK4ILv7+6OKmDhhjU3x20VFoNA8=",
    ),
    (
        "w1.example.org",
        "ubYz3AAAAABqsTuAnqBoukX/CoA9Y1l1gJVr8VJCIX+OhXeWgv+hnZZF6d1Mm/Unwc5NonxweZdpJhddXzU9vSLvSHnSqykv7bTZDA==",
    ),
    (
        "w2.example.org",
        "v/q61gAAAABqsTuBai3NfWkcqV5R76lLv96Ci/QzrOoVulO+Fzv6Gc2WW7MhmZ8JV4RRFVTvs7fSvF0cxkBvC4FbAgtNY0KTmHrrDg==",
    ),
    (
        "w3.example.org",
        "O+5RrwAAAABqsTuCztJWbC46LuIxaqKtBPN4WWLTBK2xzSW83Hgy0tnmHBvrg284o5nbf43S2VrD9kqrVITSPF9TYthnr4x9oJMyCA==",
    ),
];
/// Verifier keys of the log and its witnesses.
pub const PARCEL_KEYS: [&str; 4] = [
    "log.example.org/parcels+84dda738+AWa+fjMsekUzMr2dCn99sFX1xe8aBq2mbZizn7aBDEc6",
    "w1.example.org+b9b633dc+BNVCB9oZSXfc9Grb/sK8LnW1LVqKQhhP7f3AACTw4+ja",
    "w2.example.org+bffabad6+BFEcNKGiy1Id8WuyRrjejnmXziNcfnayKj11A6JIGd2K",
    "w3.example.org+3bee51af+BDHevlXTfHInaLE3ExyqYIcICy4LYLlL14XRRXXPpJi8",
];

/// That proof as a file.
pub fn parcel_file() -> String {
    let mut file = "c2sp.org/tlog-proof@v1\nextra cGFyY2VsIHNpeA==\nindex 6\n".to_owned();
    for hash in PARCEL_PATH {
        file = format!("{file}{hash}\n");
    }
    file = format!("{file}\n{PARCELS}\n11\n{PARCEL_ROOT}\n\n");
    for (name, signature) in PARCEL_SIGNATURES {
        file = format!("{file}— {name} {signature}\n");
    }
    file
}

/// A policy for it that asks for as many witnesses as `threshold` says.
pub fn parcel_policy(threshold: &str) -> String {
    let [log, w1, w2, w3] = PARCEL_KEYS;
    format!(
        "log {log}\nwitness w1 {w1}\nwitness w2 {w2} https://w2.example.org/\nwitness w3 {w3}\n\
         group all-three {threshold} w1 w2 w3\nquorum all-three\n"
    )
}
