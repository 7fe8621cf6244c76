//! The messages and parameters of LLRP that are decoded, as a table.
//!
//! The way through: a [`Definition`] lists the fields of a message or parameter and which sub-parameters
//! may follow them; the decoder and the encoder in `super::parameter` walk it. One line of the table is
//! name, the standard's own name, type number, fields with their kinds, sub-parameters.
//!
//! What holds: numbers up to 127 are parameters with the short header, whose length is fixed. Runs of bits
//! end at a byte. Every parameter that may hold others names them; others found there are kept raw.
//!
//! Not here: parameters of makers beyond `Custom` (`super::impinj`), loops of specs and whatever came
//! with later versions: they pass as raw bytes.
//!
//! Source: LLRP 1.0.1, sections 16.1 (messages), 16.2 and 16.3 (parameters), with the additions of LLRP 1.1.

use std::fmt;

/// Kind of a field, big-endian throughout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Unsigned number of this many bits, highest first.
    Bits(u8),
    /// Unsigned, 8 bits.
    U8,
    /// Unsigned, 16 bits.
    U16,
    /// Unsigned, 32 bits.
    U32,
    /// Unsigned, 64 bits.
    U64,
    /// Signed, 8 bits.
    I8,
    /// Signed, 16 bits.
    I16,
    /// Twelve bytes.
    U96,
    /// Count of bits (16 bits) and the bits, padded to a byte.
    BitString,
    /// Count of bytes (16 bits) and the bytes.
    Bytes,
    /// Count of bytes (16 bits) and UTF-8.
    Text,
    /// Count (16 bits) and numbers of 16 bits.
    Words,
    /// Count (16 bits) and numbers of 32 bits.
    Longs,
    /// Whatever follows.
    Rest,
}

/// A field of a message or parameter.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// The standard's name; `reserved` for bits without meaning, which are kept unchanged.
    pub name: &'static str,
    /// Its kind.
    pub kind: Kind,
}

/// A message or parameter.
pub struct Definition {
    /// The standard's name.
    pub name: &'static str,
    /// Type number: of messages 0 to 1023, of parameters 1 to 1023.
    pub number: u16,
    /// Fields in order.
    pub fields: &'static [Field],
    /// Parameters that may follow the fields.
    pub children: &'static [&'static Self],
}

/// Two definitions are the same if name and number are: the table names each once, and those that may hold
/// themselves must not be followed.
impl PartialEq for Definition {
    fn eq(&self, other: &Self) -> bool {
        (self.number, self.name) == (other.number, other.name)
    }
}

impl Eq for Definition {}

/// Name and number only, for the same reason.
impl fmt::Debug for Definition {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} ({})", self.name, self.number)
    }
}

impl Definition {
    /// Whether this parameter has the one-byte header; of no meaning for messages.
    #[must_use]
    pub const fn is_short(&self) -> bool {
        self.number < 128
    }

    /// Bytes that the fields of fixed length take.
    #[must_use]
    pub fn fixed_length(&self) -> usize {
        let bits: usize = self
            .fields
            .iter()
            .map(|field| match field.kind {
                Kind::Bits(count) => usize::from(count),
                Kind::U8 | Kind::I8 => 8,
                Kind::U16 | Kind::I16 => 16,
                Kind::U32 => 32,
                Kind::U64 => 64,
                Kind::U96 => 96,
                _ => 0,
            })
            .sum();
        bits / 8
    }

    /// The sub-parameter with this number, if it is allowed here.
    #[must_use]
    pub fn child(&self, number: u16) -> Option<&'static Self> {
        self.children.iter().copied().find(|child| child.number == number)
    }
}

/// The parameter of this number.
#[must_use]
pub fn parameter(number: u16) -> Option<&'static Definition> {
    PARAMETERS.iter().copied().find(|definition| definition.number == number)
}

/// The message of this number.
#[must_use]
pub fn message(number: u16) -> Option<&'static Definition> {
    MESSAGES.iter().copied().find(|definition| definition.number == number)
}

macro_rules! definitions {
    ($(#[$about:meta])* $list:ident: $(
        $name:ident $text:literal $number:literal
        [$($field:ident $kind:ident $(($bits:literal))?),*] [$($child:ident),*]
    )*) => {
        $(
            #[doc = concat!("`", $text, "`, number ", $number, ".")]
            pub static $name: Definition = Definition {
                name: $text,
                number: $number,
                fields: &[$(Field { name: stringify!($field), kind: Kind::$kind $(($bits))? }),*],
                children: &[$(&$child),*],
            };
        )*
        $(#[$about])*
        pub static $list: &[&Definition] = &[$(&$name),*];
    };
}

definitions! {
    /// Every message that is decoded.
    MESSAGES:
    GET_READER_CAPABILITIES "GET_READER_CAPABILITIES" 1 [RequestedData U8] [CUSTOM]
    GET_READER_CONFIG "GET_READER_CONFIG" 2
        [AntennaID U16, RequestedData U8, GPIPortNum U16, GPOPortNum U16]
        [CUSTOM]
    SET_READER_CONFIG "SET_READER_CONFIG" 3
        [ResetToFactoryDefault Bits(1), reserved Bits(7)]
        [READER_EVENT_NOTIFICATION_SPEC, ANTENNA_PROPERTIES, ANTENNA_CONFIGURATION, RO_REPORT_SPEC,
        ACCESS_REPORT_SPEC, KEEPALIVE_SPEC, GPO_WRITE_DATA, GPI_PORT_CURRENT_STATE,
        EVENTS_AND_REPORTS, CUSTOM]
    CLOSE_CONNECTION_RESPONSE "CLOSE_CONNECTION_RESPONSE" 4 [] [LLRP_STATUS]
    GET_READER_CAPABILITIES_RESPONSE "GET_READER_CAPABILITIES_RESPONSE" 11 []
        [LLRP_STATUS, GENERAL_DEVICE_CAPABILITIES, LLRP_CAPABILITIES, REGULATORY_CAPABILITIES,
        C1G2_LLRP_CAPABILITIES, CUSTOM]
    GET_READER_CONFIG_RESPONSE "GET_READER_CONFIG_RESPONSE" 12 []
        [LLRP_STATUS, IDENTIFICATION, ANTENNA_PROPERTIES, ANTENNA_CONFIGURATION,
        READER_EVENT_NOTIFICATION_SPEC, RO_REPORT_SPEC, ACCESS_REPORT_SPEC,
        LLRP_CONFIGURATION_STATE_VALUE, KEEPALIVE_SPEC, GPI_PORT_CURRENT_STATE, GPO_WRITE_DATA,
        EVENTS_AND_REPORTS, CUSTOM]
    SET_READER_CONFIG_RESPONSE "SET_READER_CONFIG_RESPONSE" 13 [] [LLRP_STATUS]
    CLOSE_CONNECTION "CLOSE_CONNECTION" 14 [] []
    ADD_ROSPEC "ADD_ROSPEC" 20 [] [RO_SPEC]
    DELETE_ROSPEC "DELETE_ROSPEC" 21 [ROSpecID U32] []
    START_ROSPEC "START_ROSPEC" 22 [ROSpecID U32] []
    STOP_ROSPEC "STOP_ROSPEC" 23 [ROSpecID U32] []
    ENABLE_ROSPEC "ENABLE_ROSPEC" 24 [ROSpecID U32] []
    DISABLE_ROSPEC "DISABLE_ROSPEC" 25 [ROSpecID U32] []
    GET_ROSPECS "GET_ROSPECS" 26 [] []
    ADD_ROSPEC_RESPONSE "ADD_ROSPEC_RESPONSE" 30 [] [LLRP_STATUS]
    DELETE_ROSPEC_RESPONSE "DELETE_ROSPEC_RESPONSE" 31 [] [LLRP_STATUS]
    START_ROSPEC_RESPONSE "START_ROSPEC_RESPONSE" 32 [] [LLRP_STATUS]
    STOP_ROSPEC_RESPONSE "STOP_ROSPEC_RESPONSE" 33 [] [LLRP_STATUS]
    ENABLE_ROSPEC_RESPONSE "ENABLE_ROSPEC_RESPONSE" 34 [] [LLRP_STATUS]
    DISABLE_ROSPEC_RESPONSE "DISABLE_ROSPEC_RESPONSE" 35 [] [LLRP_STATUS]
    GET_ROSPECS_RESPONSE "GET_ROSPECS_RESPONSE" 36 [] [LLRP_STATUS, RO_SPEC]
    ADD_ACCESSSPEC "ADD_ACCESSSPEC" 40 [] [ACCESS_SPEC]
    DELETE_ACCESSSPEC "DELETE_ACCESSSPEC" 41 [AccessSpecID U32] []
    ENABLE_ACCESSSPEC "ENABLE_ACCESSSPEC" 42 [AccessSpecID U32] []
    DISABLE_ACCESSSPEC "DISABLE_ACCESSSPEC" 43 [AccessSpecID U32] []
    GET_ACCESSSPECS "GET_ACCESSSPECS" 44 [] []
    ADD_ACCESSSPEC_RESPONSE "ADD_ACCESSSPEC_RESPONSE" 50 [] [LLRP_STATUS]
    DELETE_ACCESSSPEC_RESPONSE "DELETE_ACCESSSPEC_RESPONSE" 51 [] [LLRP_STATUS]
    ENABLE_ACCESSSPEC_RESPONSE "ENABLE_ACCESSSPEC_RESPONSE" 52 [] [LLRP_STATUS]
    DISABLE_ACCESSSPEC_RESPONSE "DISABLE_ACCESSSPEC_RESPONSE" 53 [] [LLRP_STATUS]
    GET_ACCESSSPECS_RESPONSE "GET_ACCESSSPECS_RESPONSE" 54 [] [LLRP_STATUS, ACCESS_SPEC]
    GET_REPORT "GET_REPORT" 60 [] []
    RO_ACCESS_REPORT "RO_ACCESS_REPORT" 61 [] [TAG_REPORT_DATA, RF_SURVEY_REPORT_DATA, CUSTOM]
    KEEPALIVE "KEEPALIVE" 62 [] []
    READER_EVENT_NOTIFICATION "READER_EVENT_NOTIFICATION" 63 [] [READER_EVENT_NOTIFICATION_DATA]
    ENABLE_EVENTS_AND_REPORTS "ENABLE_EVENTS_AND_REPORTS" 64 [] []
    KEEPALIVE_ACK "KEEPALIVE_ACK" 72 [] []
    ERROR_MESSAGE "ERROR_MESSAGE" 100 [] [LLRP_STATUS]
    CUSTOM_MESSAGE "CUSTOM_MESSAGE" 1023 [VendorIdentifier U32, MessageSubtype U8, Data Rest] []
}

definitions! {
    /// Every parameter that is decoded.
    PARAMETERS:
    ANTENNA_ID "AntennaID" 1 [AntennaID U16] []
    FIRST_SEEN_TIMESTAMP_UTC "FirstSeenTimestampUTC" 2 [Microseconds U64] []
    FIRST_SEEN_TIMESTAMP_UPTIME "FirstSeenTimestampUptime" 3 [Microseconds U64] []
    LAST_SEEN_TIMESTAMP_UTC "LastSeenTimestampUTC" 4 [Microseconds U64] []
    LAST_SEEN_TIMESTAMP_UPTIME "LastSeenTimestampUptime" 5 [Microseconds U64] []
    PEAK_RSSI "PeakRSSI" 6 [PeakRSSI I8] []
    CHANNEL_INDEX "ChannelIndex" 7 [ChannelIndex U16] []
    TAG_SEEN_COUNT "TagSeenCount" 8 [TagCount U16] []
    RO_SPEC_ID "ROSpecID" 9 [ROSpecID U32] []
    INVENTORY_PARAMETER_SPEC_ID "InventoryParameterSpecID" 10 [InventoryParameterSpecID U16] []
    C1G2_CRC "C1G2_CRC" 11 [CRC U16] []
    C1G2_PC "C1G2_PC" 12 [PC_Bits U16] []
    EPC_96 "EPC_96" 13 [EPC U96] []
    SPEC_INDEX "SpecIndex" 14 [SpecIndex U16] []
    CLIENT_REQUEST_OP_SPEC_RESULT "ClientRequestOpSpecResult" 15 [OpSpecID U16] []
    ACCESS_SPEC_ID "AccessSpecID" 16 [AccessSpecID U32] []
    OP_SPEC_ID "OpSpecID" 17 [OpSpecID U16] []
    C1G2_SINGULATION_DETAILS "C1G2SingulationDetails" 18
        [NumCollisionSlots U16, NumEmptySlots U16] []
    C1G2_XPCW1 "C1G2_XPCW1" 19 [XPC_W1 U16] []
    C1G2_XPCW2 "C1G2_XPCW2" 20 [XPC_W2 U16] []
    UTC_TIMESTAMP "UTCTimestamp" 128 [Microseconds U64] []
    UPTIME "Uptime" 129 [Microseconds U64] []
    GENERAL_DEVICE_CAPABILITIES "GeneralDeviceCapabilities" 137
        [MaxNumberOfAntennaSupported U16, CanSetAntennaProperties Bits(1),
        HasUTCClockCapability Bits(1), reserved Bits(14), DeviceManufacturerName U32, ModelName U32,
        ReaderFirmwareVersion Text]
        [RECEIVE_SENSITIVITY_TABLE_ENTRY, PER_ANTENNA_RECEIVE_SENSITIVITY_RANGE, GPIO_CAPABILITIES,
        PER_ANTENNA_AIR_PROTOCOL]
    RECEIVE_SENSITIVITY_TABLE_ENTRY "ReceiveSensitivityTableEntry" 139
        [Index U16, ReceiveSensitivityValue I16] []
    PER_ANTENNA_AIR_PROTOCOL "PerAntennaAirProtocol" 140 [AntennaID U16, ProtocolID Bytes] []
    GPIO_CAPABILITIES "GPIOCapabilities" 141 [NumGPIs U16, NumGPOs U16] []
    LLRP_CAPABILITIES "LLRPCapabilities" 142
        [CanDoRFSurvey Bits(1), CanReportBufferFillWarning Bits(1),
        SupportsClientRequestOpSpec Bits(1), CanDoTagInventoryStateAwareSingulation Bits(1),
        SupportsEventAndReportHolding Bits(1), reserved Bits(3), MaxNumPriorityLevelsSupported U8,
        ClientRequestOpSpecTimeout U16, MaxNumROSpecs U32, MaxNumSpecsPerROSpec U32,
        MaxNumInventoryParameterSpecsPerAISpec U32, MaxNumAccessSpecs U32,
        MaxNumOpSpecsPerAccessSpec U32] []
    REGULATORY_CAPABILITIES "RegulatoryCapabilities" 143
        [CountryCode U16, CommunicationsStandard U16]
        [UHF_BAND_CAPABILITIES, CUSTOM]
    UHF_BAND_CAPABILITIES "UHFBandCapabilities" 144 []
        [TRANSMIT_POWER_LEVEL_TABLE_ENTRY, FREQUENCY_INFORMATION, C1G2_UHFRF_MODE_TABLE]
    TRANSMIT_POWER_LEVEL_TABLE_ENTRY "TransmitPowerLevelTableEntry" 145
        [Index U16, TransmitPowerValue I16] []
    FREQUENCY_INFORMATION "FrequencyInformation" 146
        [Hopping Bits(1), reserved Bits(7)]
        [FREQUENCY_HOP_TABLE, FIXED_FREQUENCY_TABLE]
    FREQUENCY_HOP_TABLE "FrequencyHopTable" 147
        [HopTableID U8, reserved Bits(8), Frequency Longs] []
    FIXED_FREQUENCY_TABLE "FixedFrequencyTable" 148 [Frequency Longs] []
    PER_ANTENNA_RECEIVE_SENSITIVITY_RANGE "PerAntennaReceiveSensitivityRange" 149
        [AntennaID U16, ReceiveSensitivityIndexMin U16, ReceiveSensitivityIndexMax U16] []
    RO_SPEC "ROSpec" 177
        [ROSpecID U32, Priority U8, CurrentState U8]
        [RO_BOUNDARY_SPEC, AI_SPEC, RF_SURVEY_SPEC, CUSTOM, RO_REPORT_SPEC]
    RO_BOUNDARY_SPEC "ROBoundarySpec" 178 [] [RO_SPEC_START_TRIGGER, RO_SPEC_STOP_TRIGGER]
    RO_SPEC_START_TRIGGER "ROSpecStartTrigger" 179
        [ROSpecStartTriggerType U8]
        [PERIODIC_TRIGGER_VALUE, GPI_TRIGGER_VALUE]
    PERIODIC_TRIGGER_VALUE "PeriodicTriggerValue" 180 [Offset U32, Period U32] [UTC_TIMESTAMP]
    GPI_TRIGGER_VALUE "GPITriggerValue" 181
        [GPIPortNum U16, GPIEvent Bits(1), reserved Bits(7), Timeout U32] []
    RO_SPEC_STOP_TRIGGER "ROSpecStopTrigger" 182
        [ROSpecStopTriggerType U8, DurationTriggerValue U32]
        [GPI_TRIGGER_VALUE]
    AI_SPEC "AISpec" 183 [AntennaIDs Words] [AI_SPEC_STOP_TRIGGER, INVENTORY_PARAMETER_SPEC, CUSTOM]
    AI_SPEC_STOP_TRIGGER "AISpecStopTrigger" 184
        [AISpecStopTriggerType U8, DurationTrigger U32]
        [GPI_TRIGGER_VALUE, TAG_OBSERVATION_TRIGGER]
    TAG_OBSERVATION_TRIGGER "TagObservationTrigger" 185
        [TriggerType U8, reserved Bits(8), NumberOfTags U16, NumberOfAttempts U16, T U16,
        Timeout U32] []
    INVENTORY_PARAMETER_SPEC "InventoryParameterSpec" 186
        [InventoryParameterSpecID U16, ProtocolID U8]
        [ANTENNA_CONFIGURATION, CUSTOM]
    RF_SURVEY_SPEC "RFSurveySpec" 187
        [AntennaID U16, StartFrequency U32, EndFrequency U32]
        [RF_SURVEY_SPEC_STOP_TRIGGER, CUSTOM]
    RF_SURVEY_SPEC_STOP_TRIGGER "RFSurveySpecStopTrigger" 188
        [StopTriggerType U8, DurationPeriod U32, N U32] []
    ACCESS_SPEC "AccessSpec" 207
        [AccessSpecID U32, AntennaID U16, ProtocolID U8, CurrentState Bits(1), reserved Bits(7),
        ROSpecID U32]
        [ACCESS_SPEC_STOP_TRIGGER, ACCESS_COMMAND, ACCESS_REPORT_SPEC, CUSTOM]
    ACCESS_SPEC_STOP_TRIGGER "AccessSpecStopTrigger" 208
        [AccessSpecStopTrigger U8, OperationCountValue U16] []
    ACCESS_COMMAND "AccessCommand" 209 []
        [C1G2_TAG_SPEC, C1G2_READ, C1G2_WRITE, C1G2_KILL, C1G2_RECOMMISSION, C1G2_LOCK,
        C1G2_BLOCK_ERASE, C1G2_BLOCK_WRITE, C1G2_BLOCK_PERMALOCK, C1G2_GET_BLOCK_PERMALOCK_STATUS,
        CUSTOM]
    LLRP_CONFIGURATION_STATE_VALUE "LLRPConfigurationStateValue" 217
        [LLRPConfigurationStateValue U32] []
    IDENTIFICATION "Identification" 218 [IDType U8, ReaderID Bytes] []
    GPO_WRITE_DATA "GPOWriteData" 219 [GPOPortNumber U16, GPOData Bits(1), reserved Bits(7)] []
    KEEPALIVE_SPEC "KeepaliveSpec" 220 [KeepaliveTriggerType U8, PeriodicTriggerValue U32] []
    ANTENNA_PROPERTIES "AntennaProperties" 221
        [AntennaConnected Bits(1), reserved Bits(7), AntennaID U16, AntennaGain I16] []
    ANTENNA_CONFIGURATION "AntennaConfiguration" 222
        [AntennaID U16]
        [RF_RECEIVER, RF_TRANSMITTER, C1G2_INVENTORY_COMMAND]
    RF_RECEIVER "RFReceiver" 223 [ReceiverSensitivity U16] []
    RF_TRANSMITTER "RFTransmitter" 224 [HopTableID U16, ChannelIndex U16, TransmitPower U16] []
    GPI_PORT_CURRENT_STATE "GPIPortCurrentState" 225
        [GPIPortNum U16, Config Bits(1), reserved Bits(7), State U8] []
    EVENTS_AND_REPORTS "EventsAndReports" 226
        [HoldEventsAndReportsUponReconnect Bits(1), reserved Bits(7)] []
    RO_REPORT_SPEC "ROReportSpec" 237
        [ROReportTrigger U8, N U16]
        [TAG_REPORT_CONTENT_SELECTOR, CUSTOM]
    TAG_REPORT_CONTENT_SELECTOR "TagReportContentSelector" 238
        [EnableROSpecID Bits(1), EnableSpecIndex Bits(1), EnableInventoryParameterSpecID Bits(1),
        EnableAntennaID Bits(1), EnableChannelIndex Bits(1), EnablePeakRSSI Bits(1),
        EnableFirstSeenTimestamp Bits(1), EnableLastSeenTimestamp Bits(1),
        EnableTagSeenCount Bits(1), EnableAccessSpecID Bits(1), reserved Bits(6)]
        [C1G2_EPC_MEMORY_SELECTOR]
    ACCESS_REPORT_SPEC "AccessReportSpec" 239 [AccessReportTrigger U8] []
    TAG_REPORT_DATA "TagReportData" 240 []
        [EPC_DATA, EPC_96, RO_SPEC_ID, SPEC_INDEX, INVENTORY_PARAMETER_SPEC_ID, ANTENNA_ID,
        PEAK_RSSI, CHANNEL_INDEX, FIRST_SEEN_TIMESTAMP_UTC, FIRST_SEEN_TIMESTAMP_UPTIME,
        LAST_SEEN_TIMESTAMP_UTC, LAST_SEEN_TIMESTAMP_UPTIME, TAG_SEEN_COUNT, C1G2_PC, C1G2_CRC,
        C1G2_XPCW1, C1G2_XPCW2, ACCESS_SPEC_ID, C1G2_READ_OP_SPEC_RESULT, C1G2_WRITE_OP_SPEC_RESULT,
        C1G2_KILL_OP_SPEC_RESULT, C1G2_LOCK_OP_SPEC_RESULT, C1G2_BLOCK_ERASE_OP_SPEC_RESULT,
        C1G2_BLOCK_WRITE_OP_SPEC_RESULT, C1G2_RECOMMISSION_OP_SPEC_RESULT,
        C1G2_BLOCK_PERMALOCK_OP_SPEC_RESULT, C1G2_GET_BLOCK_PERMALOCK_STATUS_OP_SPEC_RESULT,
        CLIENT_REQUEST_OP_SPEC_RESULT, CUSTOM]
    EPC_DATA "EPCData" 241 [EPC BitString] []
    RF_SURVEY_REPORT_DATA "RFSurveyReportData" 242 []
        [RO_SPEC_ID, SPEC_INDEX, FREQUENCY_RSSI_LEVEL_ENTRY, CUSTOM]
    FREQUENCY_RSSI_LEVEL_ENTRY "FrequencyRSSILevelEntry" 243
        [Frequency U32, Bandwidth U32, AverageRSSI I8, PeakRSSI I8]
        [UTC_TIMESTAMP, UPTIME]
    READER_EVENT_NOTIFICATION_SPEC "ReaderEventNotificationSpec" 244 [] [EVENT_NOTIFICATION_STATE]
    EVENT_NOTIFICATION_STATE "EventNotificationState" 245
        [EventType U16, NotificationState Bits(1), reserved Bits(7)] []
    READER_EVENT_NOTIFICATION_DATA "ReaderEventNotificationData" 246 []
        [UTC_TIMESTAMP, UPTIME, HOPPING_EVENT, GPI_EVENT, RO_SPEC_EVENT,
        REPORT_BUFFER_LEVEL_WARNING_EVENT, REPORT_BUFFER_OVERFLOW_ERROR_EVENT,
        READER_EXCEPTION_EVENT, RF_SURVEY_EVENT, AI_SPEC_EVENT, ANTENNA_EVENT,
        CONNECTION_ATTEMPT_EVENT, CONNECTION_CLOSE_EVENT, SPEC_LOOP_EVENT, CUSTOM]
    HOPPING_EVENT "HoppingEvent" 247 [HopTableID U16, NextChannelIndex U16] []
    GPI_EVENT "GPIEvent" 248 [GPIPortNumber U16, GPIEvent Bits(1), reserved Bits(7)] []
    RO_SPEC_EVENT "ROSpecEvent" 249 [EventType U8, ROSpecID U32, PreemptingROSpecID U32] []
    REPORT_BUFFER_LEVEL_WARNING_EVENT "ReportBufferLevelWarningEvent" 250
        [ReportBufferPercentageFull U8] []
    REPORT_BUFFER_OVERFLOW_ERROR_EVENT "ReportBufferOverflowErrorEvent" 251 [] []
    READER_EXCEPTION_EVENT "ReaderExceptionEvent" 252
        [Message Text]
        [RO_SPEC_ID, SPEC_INDEX, INVENTORY_PARAMETER_SPEC_ID, ANTENNA_ID, ACCESS_SPEC_ID,
        OP_SPEC_ID, CUSTOM]
    RF_SURVEY_EVENT "RFSurveyEvent" 253 [EventType U8, ROSpecID U32, SpecIndex U16] []
    AI_SPEC_EVENT "AISpecEvent" 254
        [EventType U8, ROSpecID U32, SpecIndex U16]
        [C1G2_SINGULATION_DETAILS]
    ANTENNA_EVENT "AntennaEvent" 255 [EventType U8, AntennaID U16] []
    CONNECTION_ATTEMPT_EVENT "ConnectionAttemptEvent" 256 [Status U16] []
    CONNECTION_CLOSE_EVENT "ConnectionCloseEvent" 257 [] []
    LLRP_STATUS "LLRPStatus" 287
        [StatusCode U16, ErrorDescription Text]
        [FIELD_ERROR, PARAMETER_ERROR]
    FIELD_ERROR "FieldError" 288 [FieldNum U16, ErrorCode U16] []
    PARAMETER_ERROR "ParameterError" 289
        [ParameterType U16, ErrorCode U16]
        [FIELD_ERROR, PARAMETER_ERROR]
    C1G2_LLRP_CAPABILITIES "C1G2LLRPCapabilities" 327
        [CanSupportBlockErase Bits(1), CanSupportBlockWrite Bits(1),
        CanSupportBlockPermalock Bits(1), CanSupportTagRecommissioning Bits(1),
        CanSupportUMIMethod2 Bits(1), CanSupportXPC Bits(1), reserved Bits(2),
        MaxNumSelectFiltersPerQuery U16] []
    C1G2_UHFRF_MODE_TABLE "C1G2UHFRFModeTable" 328 [] [C1G2_UHFRF_MODE_TABLE_ENTRY]
    C1G2_UHFRF_MODE_TABLE_ENTRY "C1G2UHFRFModeTableEntry" 329
        [ModeIdentifier U32, DRValue Bits(1), EPCHAGTCConformance Bits(1), reserved Bits(6),
        MValue U8, ForwardLinkModulation U8, SpectralMaskIndicator U8, BDRValue U32, PIEValue U32,
        MinTariValue U32, MaxTariValue U32, StepTariValue U32] []
    C1G2_INVENTORY_COMMAND "C1G2InventoryCommand" 330
        [TagInventoryStateAware Bits(1), reserved Bits(7)]
        [C1G2_FILTER, C1G2_RF_CONTROL, C1G2_SINGULATION_CONTROL, CUSTOM]
    C1G2_FILTER "C1G2Filter" 331
        [T Bits(2), reserved Bits(6)]
        [C1G2_TAG_INVENTORY_MASK, C1G2_TAG_INVENTORY_STATE_AWARE_FILTER_ACTION,
        C1G2_TAG_INVENTORY_STATE_UNAWARE_FILTER_ACTION]
    C1G2_TAG_INVENTORY_MASK "C1G2TagInventoryMask" 332
        [MB Bits(2), reserved Bits(6), Pointer U16, TagMask BitString] []
    C1G2_TAG_INVENTORY_STATE_AWARE_FILTER_ACTION "C1G2TagInventoryStateAwareFilterAction" 333
        [Target U8, Action U8] []
    C1G2_TAG_INVENTORY_STATE_UNAWARE_FILTER_ACTION "C1G2TagInventoryStateUnawareFilterAction" 334
        [Action U8] []
    C1G2_RF_CONTROL "C1G2RFControl" 335 [ModeIndex U16, Tari U16] []
    C1G2_SINGULATION_CONTROL "C1G2SingulationControl" 336
        [Session Bits(2), reserved Bits(6), TagPopulation U16, TagTransitTime U32]
        [C1G2_TAG_INVENTORY_STATE_AWARE_SINGULATION_ACTION]
    C1G2_TAG_INVENTORY_STATE_AWARE_SINGULATION_ACTION "C1G2TagInventoryStateAwareSingulationAction" 337
        [I Bits(1), S Bits(1), reserved Bits(6)] []
    C1G2_TAG_SPEC "C1G2TagSpec" 338 [] [C1G2_TARGET_TAG]
    C1G2_TARGET_TAG "C1G2TargetTag" 339
        [MB Bits(2), Match Bits(1), reserved Bits(5), Pointer U16, TagMask BitString,
        TagData BitString] []
    C1G2_READ "C1G2Read" 341
        [OpSpecID U16, AccessPassword U32, MB Bits(2), reserved Bits(6), WordPointer U16,
        WordCount U16] []
    C1G2_WRITE "C1G2Write" 342
        [OpSpecID U16, AccessPassword U32, MB Bits(2), reserved Bits(6), WordPointer U16,
        WriteData Words] []
    C1G2_KILL "C1G2Kill" 343 [OpSpecID U16, KillPassword U32] []
    C1G2_LOCK "C1G2Lock" 344 [OpSpecID U16, AccessPassword U32] [C1G2_LOCK_PAYLOAD]
    C1G2_LOCK_PAYLOAD "C1G2LockPayload" 345 [Privilege U8, DataField U8] []
    C1G2_BLOCK_ERASE "C1G2BlockErase" 346
        [OpSpecID U16, AccessPassword U32, MB Bits(2), reserved Bits(6), WordPointer U16,
        WordCount U16] []
    C1G2_BLOCK_WRITE "C1G2BlockWrite" 347
        [OpSpecID U16, AccessPassword U32, MB Bits(2), reserved Bits(6), WordPointer U16,
        WriteData Words] []
    C1G2_EPC_MEMORY_SELECTOR "C1G2EPCMemorySelector" 348
        [EnableCRC Bits(1), EnablePCBits Bits(1), EnableXPCBits Bits(1), reserved Bits(5)] []
    C1G2_READ_OP_SPEC_RESULT "C1G2ReadOpSpecResult" 349 [Result U8, OpSpecID U16, ReadData Words] []
    C1G2_WRITE_OP_SPEC_RESULT "C1G2WriteOpSpecResult" 350
        [Result U8, OpSpecID U16, NumWordsWritten U16] []
    C1G2_KILL_OP_SPEC_RESULT "C1G2KillOpSpecResult" 351 [Result U8, OpSpecID U16] []
    C1G2_LOCK_OP_SPEC_RESULT "C1G2LockOpSpecResult" 352 [Result U8, OpSpecID U16] []
    C1G2_BLOCK_ERASE_OP_SPEC_RESULT "C1G2BlockEraseOpSpecResult" 353 [Result U8, OpSpecID U16] []
    C1G2_BLOCK_WRITE_OP_SPEC_RESULT "C1G2BlockWriteOpSpecResult" 354
        [Result U8, OpSpecID U16, NumWordsWritten U16] []
    SPEC_LOOP_EVENT "SpecLoopEvent" 356 [ROSpecID U32, LoopCount U32] []
    C1G2_RECOMMISSION "C1G2Recommission" 357
        [OpSpecID U16, KillPassword U32, reserved Bits(5), BIT_3SB Bits(1), BIT_2SB Bits(1),
        BIT_LSB Bits(1)] []
    C1G2_BLOCK_PERMALOCK "C1G2BlockPermalock" 358
        [OpSpecID U16, AccessPassword U32, MB Bits(2), reserved Bits(6), BlockPointer U16,
        BlockMaskWordCount U16, BlockMask Words] []
    C1G2_GET_BLOCK_PERMALOCK_STATUS "C1G2GetBlockPermalockStatus" 359
        [OpSpecID U16, AccessPassword U32, MB Bits(2), reserved Bits(6), BlockPointer U16,
        BlockRange U16] []
    C1G2_RECOMMISSION_OP_SPEC_RESULT "C1G2RecommissionOpSpecResult" 360 [Result U8, OpSpecID U16] []
    C1G2_BLOCK_PERMALOCK_OP_SPEC_RESULT "C1G2BlockPermalockOpSpecResult" 361
        [Result U8, OpSpecID U16] []
    C1G2_GET_BLOCK_PERMALOCK_STATUS_OP_SPEC_RESULT "C1G2GetBlockPermalockStatusOpSpecResult" 362
        [Result U8, OpSpecID U16, PermalockStatus Words] []
    CUSTOM "Custom" 1023 [VendorIdentifier U32, ParameterSubtype U32, Data Rest] []
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_named_once() {
        for list in [MESSAGES, PARAMETERS] {
            for pair in list.windows(2) {
                assert!(pair[0].number < pair[1].number, "{} and {}", pair[0].name, pair[1].name);
            }
        }
    }

    #[test]
    fn a_short_parameter_has_a_fixed_length_and_holds_no_other() {
        for definition in PARAMETERS.iter().filter(|definition| definition.is_short()) {
            assert!(definition.fixed_length() > 0, "{}", definition.name);
            assert!(definition.children.is_empty(), "{}", definition.name);
        }
    }

    #[test]
    fn runs_of_bits_end_at_a_byte_and_a_rest_ends_its_fields() {
        for definition in MESSAGES.iter().chain(PARAMETERS) {
            let mut bits = 0;
            for (place, field) in definition.fields.iter().enumerate() {
                match field.kind {
                    Kind::Bits(count) => bits += usize::from(count),
                    kind => {
                        assert_eq!(bits % 8, 0, "{} before {}", definition.name, field.name);
                        let is_last = place + 1 == definition.fields.len();
                        assert!(kind != Kind::Rest || is_last, "{}", definition.name);
                    }
                }
            }
            assert_eq!(bits % 8, 0, "{}", definition.name);
        }
    }

    /// Levels of parameters below a definition, what holds itself counted once.
    fn levels(definition: &Definition) -> u32 {
        let others = definition.children.iter().filter(|child| **child != definition);
        others.map(|child| 1 + levels(child)).max().unwrap_or(0)
    }

    #[test]
    fn the_deepest_path_of_the_table_is_well_within_what_the_decoder_takes() {
        assert_eq!(MESSAGES.iter().map(|message| levels(message)).max(), Some(7));
    }

    #[test]
    fn a_definition_that_holds_itself_can_be_written_out() {
        assert_eq!(format!("{PARAMETER_ERROR:?}"), "ParameterError (289)");
    }

    #[test]
    fn each_response_is_ten_after_its_request_and_begins_with_a_status() {
        for response in MESSAGES.iter().filter(|message| message.name.ends_with("_RESPONSE")) {
            let request = message(if response.number == 4 { 14 } else { response.number - 10 });
            assert_eq!(
                request.map(|r| format!("{}_RESPONSE", r.name)).as_deref(),
                Some(response.name)
            );
            assert_eq!(response.children.first().map(|child| child.name), Some("LLRPStatus"));
        }
    }
}
