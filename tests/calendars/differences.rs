//! Where the mailbox shows other occurrences than another implementation of RFC 5545, and why.

/// Exchange knows time zones by name; a file's own definition of one is not looked at.
const OWN_ZONE: &str = "it defines a time zone of its own; such an event is parked";
/// RFC 5545 calls such a set undefined.
const OFF_PATTERN: &str = "its first start does not fit its rule: Exchange begins with the first date that does";
/// It would stand in people's way.
const CANCELLED: &str = "what is cancelled is not loaded; the other shows it";

/// File, how many occurrences are missing, how many are unexpected, why.
pub(crate) const DIFFERENCES: &[(&str, usize, usize, &str)] = &[
    ("calcard__006.ics", 90, 87, "its zones are named as Outlook shows them; the other takes the times for zoneless"),
    ("calcard__022.ics", 1, 0, "a whole day with a zone is the same day everywhere; the other makes it an instant"),
    ("calcard__026.ics", 1, 0, CANCELLED),
    ("calcard__041.ics", 1, 0, OWN_ZONE),
    ("calcard__213.ics", 1, 0, OFF_PATTERN),
    ("calcard__222.ics", 2, 0, OFF_PATTERN),
    ("icalendar__calendars_america_new_york.ics", 1, 0, OWN_ZONE),
    ("icalendar__calendars_issue_156_RDATE_with_PERIOD_TZID_khal_2.ics", 1, 0, OWN_ZONE),
    ("icalendar__calendars_issue_1633_rdate_with_dates.ics", 2, 0, "periods of dates, which RFC 5545 does not have"),
    (
        "icalendar__calendars_issue_1633_rdate_with_dates_and_tzid.ics",
        2,
        0,
        "periods of dates, which RFC 5545 does not have",
    ),
    ("icalendar__calendars_issue_722_missing_VTIMEZONE_custom.ics", 1, 0, OWN_ZONE),
    ("icalendar__calendars_issue_722_timezone_transition_ambiguity.ics", 4, 0, OWN_ZONE),
    ("icalendar__calendars_timezone_rdate.ics", 1, 0, OWN_ZONE),
    ("icalendar__events_issue_157_removes_trailing_semicolon.ics", 1, 0, OFF_PATTERN),
    (
        "recurring-ical-events__after_many_events_in_order.ics",
        1,
        1,
        "a date is moved over its neighbour, which Exchange refuses",
    ),
    ("recurring-ical-events__issue_132_swapped_start_and_end.ics", 1, 0, "it ends before it starts and is parked"),
    ("recurring-ical-events__issue_18_cancel_status.ics", 1, 0, CANCELLED),
    (
        "recurring-ical-events__issue_201_mixed_datetime_and_date.ics",
        1,
        0,
        "it begins with a date and ends with a time: whole days here, instants there",
    ),
    (
        "recurring-ical-events__issue_201_test_matrix.ics",
        3,
        0,
        "they begin with a date and end with a time, or with a duration in hours: whole days here, instants there",
    ),
];
