"""`describe` answers: an object and its fields with the keys that Salesforce gives them."""

from typing import Any

from .schema import OBJECTS, Field, SObject
from .soql import Access

_XSD = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
}
_NUMBERS = {"double": (18, 2), "currency": (18, 2), "percent": (3, 0)}
# What no object and no field of ours has; clients look for the keys all the same.
_SAME_FOR_OBJECTS: dict[str, Any] = {
    **dict.fromkeys(
        (
            "activateable",
            "custom",
            "customSetting",
            "deepCloneable",
            "deprecatedAndHidden",
            "hasSubtypes",
            "isInterface",
            "isSubtype",
            "mergeable",
        ),
        False,
    ),
    **dict.fromkeys(("associateEntityType", "associateParentEntity")),
}
_SAME_FOR_FIELDS: dict[str, Any] = {
    **dict.fromkeys(
        (
            "aiPredictionField",
            "autoNumber",
            "calculated",
            "cascadeDelete",
            "caseSensitive",
            "dependentPicklist",
            "deprecatedAndHidden",
            "displayLocationInDecimal",
            "encrypted",
            "formulaTreatNullNumberAsZero",
            "highScaleNumber",
            "htmlFormatted",
            "queryByDistance",
            "restrictedDelete",
            "restrictedPicklist",
            "searchPrefilterable",
            "writeRequiresMasterRead",
        ),
        False,
    ),
    **dict.fromkeys(
        (
            "calculatedFormula",
            "compoundFieldName",
            "controllerName",
            "defaultValueFormula",
            "extraTypeInfo",
            "filteredLookupInfo",
            "inlineHelpText",
            "mask",
            "maskType",
            "referenceTargetField",
            "relationshipOrder",
        )
    ),
}


def global_entry(sobject: SObject, base: str) -> dict[str, Any]:
    """One object as the list of objects shows it; `base` is `/services/data/vXX.0`."""
    root = f"{base}/sobjects/{sobject.name}"
    told = _SAME_FOR_OBJECTS | {
        "createable": sobject.writable,
        "deletable": sobject.deletable,
        "feedEnabled": sobject.guarded,
        "keyPrefix": sobject.prefix,
        "label": sobject.label,
        "labelPlural": sobject.plural,
        "layoutable": sobject.writable,
        "mruEnabled": sobject.guarded,
        "name": sobject.name,
        "queryable": sobject.name != "Name",
        "replicateable": sobject.writable,
        "retrieveable": sobject.prefix is not None,
        "searchable": sobject.writable,
        "triggerable": sobject.writable,
        "undeletable": sobject.deletable,
        "updateable": sobject.writable,
        "urls": {
            "rowTemplate": f"{root}/{{ID}}",
            "describe": f"{root}/describe",
            "sobject": root,
        },
    }
    return dict(sorted(told.items()))


def describe_object(sobject: SObject, base: str, access: Access) -> dict[str, Any]:
    """The whole describe of one object, as far as the asking user may read its fields."""
    readable = [f for f in sobject.fields if access.can_read_field(sobject, f)]
    return global_entry(sobject, base) | {
        "actionOverrides": [],
        "childRelationships": _children(sobject),
        "compactLayoutable": sobject.writable,
        "defaultImplementation": None,
        "extendedBy": None,
        "extendsInterfaces": None,
        "fields": [_field(sobject, f) for f in readable],
        "implementedBy": None,
        "implementsInterfaces": None,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": [],
        "searchLayoutable": sobject.writable,
        "sobjectDescribeOption": "FULL",
        "supportedScopes": [{"label": f"All {sobject.plural.lower()}", "name": "everything"}],
    }


def column_metadata(field: Field, name: str) -> dict[str, Any]:
    """One column of a query, for clients that lay out tables by it (the Salesforce CLI)."""
    return {
        "aggregate": False,
        "apexType": _XSD.get(field.type, "xsd:string").removeprefix("xsd:").title(),
        "booleanType": field.type == "boolean",
        "columnName": name,
        "custom": field.custom,
        "displayName": name,
        "foreignKeyName": field.refers_to[0] if field.refers_to else None,
        "insertable": field.writable,
        "joinColumns": [],
        "numberType": field.type in ("int", *_NUMBERS),
        "textType": field.type in ("string", "textarea", "email", "phone", "url"),
        "updatable": field.writable,
    }


def _children(sobject: SObject) -> list[dict[str, Any]]:
    return [
        {
            "cascadeDelete": False,
            "childSObject": other.name,
            "deprecatedAndHidden": False,
            "field": field.name,
            "junctionIdListNames": [],
            "junctionReferenceTo": [],
            "relationshipName": None,
            "restrictedDelete": False,
        }
        for other in OBJECTS.values()
        for field in other.fields
        if sobject.name in field.refers_to
    ]


def _field(sobject: SObject, field: Field) -> dict[str, Any]:
    precision, scale = _NUMBERS.get(field.type, (0, 0))
    # On Task and Event the nearest thing to a name is the subject.
    is_name = field.name == ("Subject" if sobject.name in ("Task", "Event") else "Name")
    told = _SAME_FOR_FIELDS | {
        "byteLength": field.length * 3,
        "custom": field.custom,
        "digits": 8 if field.type == "int" else 0,
        "externalId": field.unique,
        "label": field.label,
        "length": field.length,
        "name": field.name,
        "nameField": is_name,
        "namePointing": field.polymorphic,
        "picklistValues": [_choice(choice) for choice in field.choices],
        "polymorphicForeignKey": field.polymorphic,
        "precision": precision,
        "referenceTo": list(field.refers_to),
        "relationshipName": field.relationship,
        "scale": scale,
        "soapType": _XSD.get(field.type, "xsd:string"),
        "type": field.type,
        "unique": field.unique,
    }
    return dict(sorted((told | _reading(field) | _writing(sobject, field)).items()))


def _reading(field: Field) -> dict[str, bool]:
    """What a query may do with the field."""
    return {
        "aggregatable": field.type not in ("boolean", "textarea"),
        "filterable": field.filterable,
        "groupable": field.filterable and field.type not in (*_NUMBERS, "datetime"),
        "idLookup": field.type == "id" or field.unique,
        "permissionable": not field.required and field.type != "id",
        "sortable": field.filterable,
    }


def _writing(sobject: SObject, field: Field) -> dict[str, bool | None]:
    """Who gives the field its value, and whether it needs one."""
    return {
        "createable": field.writable and sobject.writable,
        "defaultValue": False if field.type == "boolean" else None,
        "defaultedOnCreate": field.type == "boolean" or not field.writable,
        "nillable": not field.required,
        "updateable": field.writable and sobject.writable,
    }


def _choice(value: str) -> dict[str, Any]:
    return {
        "active": True,
        "defaultValue": False,
        "label": value,
        "validFor": None,
        "value": value,
    }
