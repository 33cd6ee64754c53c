"""The objects that hold the sales work."""

from dataclasses import dataclass

from .fields import (
    Field,
    SObject,
    day,
    fixed,
    flag,
    long_text,
    lookup,
    moment,
    number,
    phone,
    pick,
    record_id,
    system_fields,
    text,
)


@dataclass(frozen=True)
class Stage:
    """What Salesforce derives from an opportunity's stage. `probability` is in per cent."""

    name: str
    probability: int
    forecast: str
    is_closed: bool = False
    is_won: bool = False


STAGES = {
    stage.name: stage
    for stage in (
        Stage("Prospecting", 10, "Pipeline"),
        Stage("Qualification", 10, "Pipeline"),
        Stage("Needs Analysis", 20, "Pipeline"),
        Stage("Value Proposition", 50, "Pipeline"),
        Stage("Id. Decision Makers", 60, "Pipeline"),
        Stage("Perception Analysis", 70, "Pipeline"),
        Stage("Proposal/Price Quote", 75, "Pipeline"),
        Stage("Negotiation/Review", 90, "Pipeline"),
        Stage("Closed Won", 100, "Closed", is_closed=True, is_won=True),
        Stage("Closed Lost", 0, "Omitted", is_closed=True),
    )
}
TASK_STATES = (
    "Not Started",
    "In Progress",
    "Completed",
    "Waiting on someone else",
    "Deferred",
)

ACCOUNT = SObject(
    "Account",
    "Account",
    "Accounts",
    "001",
    (
        record_id("Account"),
        text("Name", "Account Name", 255, required=True),
        pick("Type", "Account Type", ("Prospect", "Customer - Direct", "Other")),
        lookup("ParentId", "Parent Account ID", "Account"),
        text("BillingCity", "Billing City", 40),
        text("BillingCountry", "Billing Country"),
        phone("Phone", "Account Phone"),
        Field("Website", "Website", "url", 255),
        pick("Industry", "Industry", ("Technology", "Retail", "Healthcare", "Finance", "Other")),
        number("AnnualRevenue", "Annual Revenue", "currency"),
        number("NumberOfEmployees", "Employees", "int"),
        long_text("Description", "Account Description"),
        lookup("OwnerId", "Owner ID", "User", required=True),
        *system_fields(),
    ),
    deletable=True,
    writable=True,
    guarded=True,
)
OPPORTUNITY = SObject(
    "Opportunity",
    "Opportunity",
    "Opportunities",
    "006",
    (
        record_id("Opportunity"),
        lookup("AccountId", "Account ID", "Account"),
        flag("IsPrivate", "Private"),
        text("Name", "Name", 120, required=True),
        long_text("Description", "Description"),
        pick("StageName", "Stage", STAGES, required=True),
        number("Amount", "Amount", "currency"),
        number("Probability", "Probability (%)", "percent"),
        fixed(number("ExpectedRevenue", "Expected Amount", "currency")),
        number("TotalOpportunityQuantity", "Quantity"),
        day("CloseDate", "Close Date", required=True),
        pick("Type", "Opportunity Type", ("Existing Business", "New Business")),
        text("NextStep", "Next Step", 255),
        pick("LeadSource", "Lead Source", ("Web", "Phone Inquiry", "Partner Referral", "Other")),
        flag("IsClosed", "Closed", writable=False),
        flag("IsWon", "Won", writable=False),
        fixed(pick("ForecastCategory", "Forecast Category", ("Omitted", "Pipeline", "Closed"))),
        pick("ForecastCategoryName", "Forecast Category", ("Omitted", "Pipeline", "Closed")),
        fixed(flag("HasOpportunityLineItem", "Has Line Item")),
        lookup("OwnerId", "Owner ID", "User", required=True),
        fixed(day("LastActivityDate", "Last Activity")),
        moment("LastStageChangeDate", "Last Stage Change Date", writable=False),
        fixed(number("FiscalQuarter", "Fiscal Quarter", "int")),
        fixed(number("FiscalYear", "Fiscal Year", "int")),
        fixed(text("Fiscal", "Fiscal Period", 6)),
        Field("SourceId__c", "Source ID", "string", 40, custom=True, unique=True),
        *system_fields(),
    ),
    deletable=True,
    writable=True,
    guarded=True,
)
TASK = SObject(
    "Task",
    "Task",
    "Tasks",
    "00T",
    (
        record_id("Activity"),
        lookup("WhoId", "Name ID", "Contact", "Lead"),
        lookup("WhatId", "Related To ID", "Account", "Opportunity"),
        Field("Subject", "Subject", "combobox", 255),
        day("ActivityDate", "Due Date Only"),
        pick("Status", "Status", TASK_STATES, required=True),
        pick("Priority", "Priority", ("High", "Normal", "Low"), required=True),
        fixed(flag("IsHighPriority", "High Priority")),
        lookup("OwnerId", "Assigned To ID", "Group", "User", required=True),
        long_text("Description", "Description"),
        pick("Type", "Type", ("Call", "Email", "Meeting", "Other")),
        lookup("AccountId", "Account ID", "Account"),
        fixed(flag("IsClosed", "Closed")),
        fixed(flag("IsArchived", "Archived")),
        number("CallDurationInSeconds", "Call Duration", "int"),
        pick("CallType", "Call Type", ("Internal", "Inbound", "Outbound")),
        text("CallDisposition", "Call Result", 255),
        text("CallObject", "Call Object Identifier", 255),
        flag("IsReminderSet", "Reminder Set"),
        moment("ReminderDateTime", "Reminder Date/Time"),
        flag("IsRecurrence", "Create Recurring Series of Tasks"),
        text("RecurrenceActivityId", "Recurrence Activity ID", 18),
        pick("TaskSubtype", "Task Subtype", ("Task", "Email", "ListEmail", "Cadence", "Call")),
        moment("CompletedDateTime", "Completed Date", writable=False),
        *system_fields(),
    ),
    deletable=True,
    writable=True,
)
EVENT = SObject(
    "Event",
    "Event",
    "Events",
    "00U",
    (
        record_id("Activity"),
        lookup("WhoId", "Name ID", "Contact", "Lead"),
        lookup("WhatId", "Related To ID", "Account", "Opportunity"),
        Field("Subject", "Subject", "combobox", 255),
        text("Location", "Location", 255),
        flag("IsAllDayEvent", "All-Day Event"),
        moment("ActivityDateTime", "Due Date Time"),
        day("ActivityDate", "Due Date Only"),
        number("DurationInMinutes", "Duration", "int"),
        moment("StartDateTime", "Start Date Time"),
        moment("EndDateTime", "End Date Time"),
        day("EndDate", "End Date"),
        long_text("Description", "Description"),
        lookup("AccountId", "Account ID", "Account"),
        lookup("OwnerId", "Assigned To ID", "User", required=True),
        pick("Type", "Type", ("Call", "Email", "Meeting", "Other")),
        flag("IsPrivate", "Private"),
        pick("ShowAs", "Show Time As", ("Busy", "OutOfOffice", "Free")),
        fixed(flag("IsChild", "Is Child")),
        fixed(flag("IsGroupEvent", "Is Group Event")),
        fixed(pick("GroupEventType", "Group Event Type", ("0", "1", "2"))),
        fixed(flag("IsArchived", "Archived")),
        flag("IsRecurrence", "Create Recurring Series of Events"),
        text("RecurrenceActivityId", "Recurrence Activity ID", 18),
        pick("EventSubtype", "Event Subtype", ("Event",)),
        flag("IsRecurrence2", "Repeat"),
        *system_fields(),
    ),
    deletable=True,
    writable=True,
)
