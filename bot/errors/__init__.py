"""Everything that can go wrong, as one tree.

    BotError
    ├── Refused                 a request that is not accepted; nothing was counted
    │   ├── EmptyPrompt  EmptyEdit  WhatToChange  PromptTooLong(limit, length)
    │   │   BadFlag(flag)  BadFlagSuggest(flag, suggestion)  BadValue(flag, value, expected)
    │   │   MissingValue(flag, expected)
    │   ├── NoPicture  BadPicture  UnknownType(name)  Animated  PictureTooLarge(width, height, limit)
    │   │   FileTooLarge(size, limit)  MaskSize(mask, picture)  MaskMarksNothing  MaskWithoutPicture
    │   │   UnfitPicture  TooManyPictures(limit)  CannotDescribe  NotDescribed
    │   ├── Moderated  ModerationAway
    │   │   GeneratingOff  EditingOff  NotAllowed  NoPrivate  MissingPermission(permission)
    │   │   TooManyAsked(asked, limit)  TooManyPixels(width, height, limit)  TooManySteps(asked, limit)
    │   ├── UnknownEngine(engine, known)  NoEngine  Unsupported(engine, what, instead)  UnknownSize(size)
    │   ├── UnknownSetting(name, suggestion)  BadSetting(name, value, expected)  UnknownCommand(name)  WrongUse(usage)
    │   ├── NothingToCancel  NothingToRepeat  NothingToUndo  NotYours  Gone
    │   ├── RateLimited(limit, wait)  QuotaUsed(limit, wait)  QuotaShort(asked, left, limit, wait)
    │   │   BudgetUsed(cost, left, limit, period, wait)  TooManyJobs(limit), each as Server… too
    │   │   LineTooLong(engine, wait)
    │   └── StorageFull  StorageAway
    ├── EngineError             the engine could not do it
    │   ├── ContentRefused  EngineBusy(retry_after)  EngineUnavailable  EngineTimeout(seconds)  EngineAuth
    │   ├── EngineMisconfigured  EngineQuota  EngineRejected(field)  UnknownChoice(what, value, known)
    │   ├── WorkflowInvalid(node)  OutOfMemory  NothingDrawn  BadAnswer
    │   ├── MissingFont
    │   └── LostJob  UnknownOutcome
    ├── DeliveryError           the picture exists but cannot be posted
    │   └── TooLarge(limit)  NoPermission(permission)  PlaceGone
    ├── Interrupted             a paid drawing was cut off by a restart; it is not repeated unasked
    ├── Cancelled               the person, or a shutdown, stopped the job
    └── ConfigError             wrong configuration; ends the start with exit code 2

Each class carries the sentence a person reads: English, `{placeholders}` filled from the constructor's keywords; it is
also the catalogue key (see i18n). What an engine or a library said goes to `detail`, which is logged, never shown.
Anything that is no BotError is an internal error; people read `Internal` with the job's id.
"""

from __future__ import annotations

from bot.errors.base import (
    BotError,
    Cancelled,
    ConfigError,
    Internal,
)
from bot.errors.delivery import (
    DeliveryError,
    NoPermission,
    PlaceGone,
    TooLarge,
)
from bot.errors.engines import (
    BadAnswer,
    ContentRefused,
    EngineAuth,
    EngineBusy,
    EngineError,
    EngineMisconfigured,
    EngineQuota,
    EngineRejected,
    EngineTimeout,
    EngineUnavailable,
    GaveUp,
    Interrupted,
    LostJob,
    MissingFont,
    NothingDrawn,
    OutOfMemory,
    UnknownChoice,
    UnknownOutcome,
    WorkflowInvalid,
)
from bot.errors.given import (
    Animated,
    BadPicture,
    CannotDescribe,
    FileTooLarge,
    Gone,
    MaskMarksNothing,
    MaskSize,
    MaskWithoutPicture,
    NoPicture,
    NotDescribed,
    PictureTooLarge,
    TooManyPictures,
    UnfitPicture,
    UnknownType,
)
from bot.errors.limits import (
    BudgetUsed,
    LineTooLong,
    QuotaShort,
    QuotaUsed,
    RateLimited,
    ServerBudgetUsed,
    ServerQuotaShort,
    ServerQuotaUsed,
    ServerRateLimited,
    ServerTooManyJobs,
    TooManyJobs,
)
from bot.errors.refused import (
    BadFlag,
    BadFlagSuggest,
    BadSetting,
    BadValue,
    EditingOff,
    EmptyEdit,
    EmptyPrompt,
    GeneratingOff,
    MissingPermission,
    MissingValue,
    Moderated,
    ModerationAway,
    NoEngine,
    NoPrivate,
    NotAllowed,
    NothingToCancel,
    NothingToRepeat,
    NothingToUndo,
    NotYours,
    PromptTooLong,
    Refused,
    StorageAway,
    StorageFull,
    TooLateToCancel,
    TooManyAsked,
    TooManyPixels,
    TooManySteps,
    UnknownCommand,
    UnknownCommandSuggest,
    UnknownEngine,
    UnknownSetting,
    UnknownSize,
    Unsupported,
    UnsupportedUse,
    WhatToChange,
    WrongUse,
)

__all__ = [
    "Animated",
    "BadAnswer",
    "BadFlag",
    "BadFlagSuggest",
    "BadPicture",
    "BadSetting",
    "BadValue",
    "BotError",
    "BudgetUsed",
    "Cancelled",
    "CannotDescribe",
    "ConfigError",
    "ContentRefused",
    "DeliveryError",
    "EditingOff",
    "EmptyEdit",
    "EmptyPrompt",
    "EngineAuth",
    "EngineBusy",
    "EngineError",
    "EngineMisconfigured",
    "EngineQuota",
    "EngineRejected",
    "EngineTimeout",
    "EngineUnavailable",
    "FileTooLarge",
    "GaveUp",
    "GeneratingOff",
    "Gone",
    "Internal",
    "Interrupted",
    "LineTooLong",
    "LostJob",
    "MaskMarksNothing",
    "MaskSize",
    "MaskWithoutPicture",
    "MissingFont",
    "MissingPermission",
    "MissingValue",
    "Moderated",
    "ModerationAway",
    "NoEngine",
    "NoPermission",
    "NoPicture",
    "NoPrivate",
    "NotAllowed",
    "NotDescribed",
    "NotYours",
    "NothingDrawn",
    "NothingToCancel",
    "NothingToRepeat",
    "NothingToUndo",
    "OutOfMemory",
    "PictureTooLarge",
    "PlaceGone",
    "PromptTooLong",
    "QuotaShort",
    "QuotaUsed",
    "RateLimited",
    "Refused",
    "ServerBudgetUsed",
    "ServerQuotaShort",
    "ServerQuotaUsed",
    "ServerRateLimited",
    "ServerTooManyJobs",
    "StorageAway",
    "StorageFull",
    "TooLarge",
    "TooLateToCancel",
    "TooManyAsked",
    "TooManyJobs",
    "TooManyPictures",
    "TooManyPixels",
    "TooManySteps",
    "UnfitPicture",
    "UnknownChoice",
    "UnknownCommand",
    "UnknownCommandSuggest",
    "UnknownEngine",
    "UnknownOutcome",
    "UnknownSetting",
    "UnknownSize",
    "UnknownType",
    "Unsupported",
    "UnsupportedUse",
    "WhatToChange",
    "WorkflowInvalid",
    "WrongUse",
]
