//! The sentences of the steps.
//!
//! What holds: a heading and a check have room for what they name in 80 columns.

use super::sentences;

sentences! {
    title(): "Chopmark：从读写器的字节，到消费者手中的证明", "Chopmark: from a reader's bytes to a proof in a consumer's hand";
    folder(path: &str): "数据在 {path}", "data in {path}";
    starting(): "开始", "starting";
    stopping(): "正在停止，收拾进程", "stopping, ending every process";

    stage(): "搭台", "Set the stage";
    starts_database(): "启动私有的 PostgreSQL", "starting a private PostgreSQL";
    starts_chain(): "启动本地链，部署合约", "starting a local chain, deploying the contract";
    makes_keys(): "生成账本密钥，建立名录", "making the ledgers' keys and the directory of parties";
    starts_processes(): "启动 ingest、trace-api 和工厂的网桥", "starting ingest, trace-api and the factory's bridge";
    simulated(): "模拟的只有：R200 读写器、温度传感器、MQTT 代理、公链（anvil）", "simulated: an R200 reader, a sensor, the MQTT broker, the chain (anvil)";
    real(): "其余都是真的：PostgreSQL、网桥、ingest、trace-api，各是一个进程", "real: PostgreSQL, bridges, ingest, trace-api, each a process of its own";

    factory(items: &str, boxes: usize): "工厂生产 {items} 瓶茶和 {boxes} 盒礼盒，装成两托盘", "A factory makes {items} bottles of tea and {boxes} gift boxes: two pallets";
    packs(done: usize, all: usize): "{all} 箱已装 {done} 箱", "{done} of {all} cases packed";
    builds_pallet(): "把箱子码上托盘", "building the pallet";
    packs_boxes(): "礼盒装箱、上托盘", "packing the gift boxes";
    made(makings: usize, packings: usize, origin: &str): "{origin} 有 {makings} 条生产、{packings} 条装箱事件", "{origin} has {makings} commissioning and {packings} aggregation events";
    made_once(): "最后一瓶恰好生产一次、装箱一次", "the last bottle was made once and packed once";
    noise(reads: &str): "R200 上报 {reads} 次读取，帧间夹有乱码", "the R200 sent {reads} reads, some with garbage between frames";

    dock_door(): "配送中心的收货门收下两托盘，旁边停着别人的货", "A dock door receives both pallets; other goods stand beside it";
    announced(items: &str): "工厂的 ERP 预告 {items} 瓶，其中 2 瓶从未上托盘", "the factory's ERP announces {items} bottles, 2 more than are on the pallet";
    connects(): "网桥连接门上的读写器", "the bridge connects to the door's reader";
    passes(): "托盘过门", "a pallet passes the door";
    published(messages: &str, reads: &str, strays: &str): "约 3 秒 {messages} 条 MQTT：托盘 {reads} 次读取，旁边的货 {strays} 次", "{messages} MQTT messages in about 3 s: {reads} reads, {strays} of goods beside it";
    one_receipt(): "恰好产生一条收货事件", "one receiving event resulted";
    exactly(items: &str): "其中恰好是过门的 {items} 瓶", "it has exactly the {items} bottles that passed";
    short(missing: usize): "比发货通知少 {missing} 瓶，差异点名了这两瓶", "{missing} less than the despatch advice says; the difference names both";
    no_strays(strays: usize): "旁边的 {strays} 件货，一件都没有入库", "none of the {strays} items beside the door became stock";
    boxes_received(boxes: usize): "第二托盘：{boxes} 盒全收，没有差异", "the second pallet: {boxes} of {boxes} gift boxes, no difference";

    cold_store(): "冷库超温", "A cold store gets too warm";
    before_warmth(verdict: &str): "超温前这批茶的一瓶：{verdict}", "a bottle of the lot before: {verdict}";
    warm(): "传感器量到 9.2 °C，上限 8.0 °C", "the sensor measures 9.2 °C; the limit is 8.0 °C";
    waits_for_flag(): "等超温超过规则允许的时间", "waiting until it was warm for longer than the rule allows";
    flagged_once(): "超限久过规则允许，这批茶被标记一次", "warm for longer than the rule allows: the lot is flagged, once";

    shop(): "商店收一箱货，卖出一瓶", "A shop receives a case and sells a bottle";
    states(): "商店发来单据", "the shop's till sends its documents";
    in_shops_ledger(records: u64): "收货、拆箱、售出共 {records} 条，都在商店自己的账本里", "receiving, unpacking and the sale: {records} records in the shop's own ledger";
    empty_refused(): "没有 EPCIS 事件的单据被拒收，并说明原因", "a document without EPCIS events is refused, with a reason";

    anchor(): "账本锚定到公链", "The ledgers are anchored on a public chain";
    waits_for_final(): "等交易最终确认", "waiting until the transaction is final";
    is_final(): "交易已最终确认：其后又有两个区块", "the transaction is final: two blocks follow its block";
    in_hub(entries: u64): "各账本的检查点都在枢纽里（{entries} 条）", "checkpoints of every ledger are in the hub ({entries} entries)";
    all_anchored(): "审计：每条记录都已锚定", "audit: every record is anchored";

    scans(): "人们扫码", "People scan";
    scanned(): "手机扫码", "phones ask for items";
    is(what: &str, verdict: &str): "{what}：{verdict}", "{what}: {verdict}";
    scan_sold(): "卖出的那瓶", "the bottle that was sold";
    scan_first(): "超温批次的一瓶，先在上海被扫", "a bottle of the warm lot, scanned in Shanghai first";
    scan_second(): "同一个码，一小时内又在成都被扫", "the same code in Chengdu within the hour";
    scan_never(): "从未发出的序列号", "a serial that was never issued";
    scan_announced(): "预告过、却从未贴上的序列号", "a serial that was announced and never applied";
    scan_warm(): "超温批次没卖的一瓶", "an unsold bottle of the warm lot";
    scan_box(): "配送中心的一盒礼盒", "a gift box at the distribution centre";
    long_serial(): "4 KiB 长的序列号：得到明白的答复，而不是结论", "a serial of 4 KiB gets a clear answer, not a verdict";
    page(language: &str, bytes: &str, words: &str): "{language} 的页面，{bytes} 字节：{words}", "the page in {language}, {bytes} bytes: {words}";

    proof(): "服务器全停，证明仍成立", "The proof holds with every server stopped";
    verifies(): "验证证明文件", "verifying the proof";
    saved(bytes: &str): "存下证明文件 item.bundle.json（{bytes} 字节）", "saved the proof of the sold bottle, item.bundle.json ({bytes} bytes)";
    proved_on_chain(): "成立，其锚点所在的区块确在链上", "proved, and the block of its anchor is on the chain";
    stops_servers(): "停掉所有服务器和数据库", "stopping every server and the database";
    proved_offline(): "服务器和数据库都停了：chopmark verify 仍证明它成立", "servers and database stopped: chopmark verify still proves it";
    flips(): "逐个翻转一个比特", "flipping single bits";
    flipped(tried: &str): "翻转一个比特的 {tried} 个文件：没有一个成立，仍是证明的都被驳倒", "{tried} files with one bit flipped: none proved, every readable one refuted";

    attacks(): "三种攻击，都打在数据库的副本上", "Three attacks, played on a copy of the database";
    copies(): "复制数据库", "copying the database";
    rival(): "竞争者给自己的货用了工厂的号码", "A rival puts the factory's number on its own goods";
    rival_rejected(): "竞争者自己的账本说是它造的，页面仍说 REJECTED", "the rival's own ledger says that it was made; the page: REJECTED";
    rival_whole(): "审计：每个账本都完好，包括说了这话的那个", "audit: every ledger is whole, also the one that says so";
    altered(): "数据库的主人改了一条已存的事件", "The database's owner alters a stored event";
    altered_how(): "关掉只增触发器，改礼盒的收货事件，再打开触发器", "append-only trigger off, the gift boxes' receipt altered, trigger on";
    audits(): "审计", "auditing";
    altered_named(origin: &str, index: u64): "审计点名 {origin} 的第 {index} 条记录，并说明哪里不符", "audit names {origin}, record #{index}, and what does not fit";
    altered_shown(): "礼盒的页面不再是干净的结论：GAP，记录灯变红", "the gift box's page is no longer clean: GAP, its record lamp red";
    rolled_back(): "数据库的主人把账本退回去，让售出没有发生过", "The database's owner rolls a ledger back: the sale never happened";
    rolled_back_how(): "售出的记录、检查点和索引都没有了", "the sale's record, its checkpoint and its index entries are gone";
    rolled_back_named(origin: &str): "审计说 {origin} 被退回：枢纽里有更多", "audit says that {origin} was rolled back: the hub has more";
    rolled_back_shown(): "那瓶的页面亮红灯，而不是显示没卖过", "the bottle's page shows a broken record, not an unsold bottle";
    refuses_to_sign(): "ingest 拒绝再为这个账本签名", "ingest refuses to sign that ledger";
    left(): "留给你看的", "What is left for you to look at";
    asks_pages(): "打开每个页面", "asking every page";
    unharmed(): "没被动过的原数据库：审计找不到任何问题", "the database that was left alone: audit finds nothing";
}
