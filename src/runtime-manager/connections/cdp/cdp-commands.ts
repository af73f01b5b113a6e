/**
 * The commands of CDP that a client with `control` may send as they are, by domain: those of
 * Chromium 156's own protocol (`/json/protocol`) that stay within its browser. A command with
 * parameters that could lead out of it is not here but in `cdp-policy.ts`, which judges it.
 */
const BY_DOMAIN: Record<string, string> = {
  Accessibility: `
    disable enable getAXNodeAndAncestors getChildAXNodes getFullAXTree getPartialAXTree
    getRootAXNode queryAXTree`,
  Ads: 'getAdMetrics getAdScripts',
  Animation: `
    disable enable getCurrentTime getPlaybackRate releaseAnimations resolveAnimation
    seekAnimations setPaused setPlaybackRate setTiming`,
  Audits: 'checkFormsIssues disable enable getEncodedResponse',
  Autofill: 'disable enable setAddresses trigger',
  BackgroundService: 'clearEvents setRecording startObserving stopObserving',
  BluetoothEmulation: `
    addCharacteristic addDescriptor addService disable enable removeCharacteristic
    removeDescriptor removeService setSimulatedCentralState simulateAdvertisement
    simulateCharacteristicOperationResponse simulateDescriptorOperationResponse
    simulateGATTDisconnection simulateGATTOperationResponse simulatePreconnectedPeripheral`,
  Browser: `
    addMockCamera addPrivacySandboxEnrollmentOverride cancelDownload close crash crashGpuProcess
    getGlobalPrivacyControl getHistogram getHistograms getVersion getWindowBounds
    getWindowForTarget grantPermissions resetPermissions setContentsSize setDockTile
    setGlobalPrivacyControl setPermission setWindowBounds`,
  CSS: `
    addRule collectClassNames createStyleSheet disable enable forcePseudoState forceStartingStyle
    getAnimatedStylesForNode getBackgroundColors getComputedStyleForNode getEnvironmentVariables
    getInlineStylesForNode getLayersForNode getLocationForSelector getLonghandProperties
    getMatchedStylesForNode getMediaQueries getPlatformFontsForNode getStyleSheetText
    resolveValues setContainerQueryConditionText setContainerQueryText
    setEffectivePropertyValueForNode setKeyframeKey setLocalFontsEnabled setMediaText
    setNavigationText setPropertyRulePropertyName setRuleSelector setScopeText setStyleSheetText
    setStyleTexts setSupportsText startRuleUsageTracking stopRuleUsageTracking
    takeComputedStyleUpdates takeCoverageDelta trackComputedStyleUpdates
    trackComputedStyleUpdatesForNode`,
  CacheStorage: 'deleteCache deleteEntry requestCacheNames requestCachedResponse requestEntries',
  Console: 'clearMessages disable enable',
  CrashReportContext: 'getEntries',
  DOM: `
    clearTextMarkers collectClassNamesFromSubtree copyTo describeNode disable discardSearchResults
    enable focus forceShowInterest forceShowPopover getAnchorElement getAttributes getBoxModel
    getContainerForNode getContentQuads getDetachedDomNodes getDocument getElementByRelation
    getFileInfo getFlattenedDocument getFrameOwner getImplicitAnchorCandidates getNodeForLocation
    getNodeStackTraces getNodesForSubtreeByStyle getOuterHTML getQueryingDescendantsForContainer
    getRelayoutBoundary getSearchResults getTopLayerElements hideHighlight highlightNode
    highlightRect markUndoableState moveTo performSearch pushNodeByPathToFrontend
    pushNodesByBackendIdsToFrontend querySelector querySelectorAll redo removeAttribute removeNode
    requestChildNodes requestNode resolveNode scrollIntoViewIfNeeded setAttributeValue
    setAttributesAsText setInspectedNode setNodeName setNodeStackTracesEnabled setNodeValue
    setOuterHTML setTextMarker undo`,
  DOMDebugger: `
    getEventListeners removeDOMBreakpoint removeEventListenerBreakpoint
    removeInstrumentationBreakpoint removeXHRBreakpoint setBreakOnCSPViolation setDOMBreakpoint
    setEventListenerBreakpoint setInstrumentationBreakpoint setXHRBreakpoint`,
  DOMSnapshot: 'captureSnapshot disable enable getSnapshot',
  DOMStorage: 'clear disable enable getDOMStorageItems removeDOMStorageItem setDOMStorageItem',
  Debugger: `
    continueToLocation disable disassembleWasmModule enable evaluateOnCallFrame
    getPossibleBreakpoints getScriptSource getStackTrace getWasmBytecode nextWasmDisassemblyChunk
    pause pauseOnAsyncCall removeBreakpoint restartFrame resume searchInContent
    setAsyncCallStackDepth setBlackboxExecutionContexts setBlackboxPatterns setBlackboxedRanges
    setBreakpoint setBreakpointByUrl setBreakpointOnFunctionCall setBreakpointsActive
    setInstrumentationBreakpoint setPauseOnExceptions setReturnValue setScriptSource
    setSkipAllPauses setVariableValue stepInto stepOut stepOver`,
  DeviceAccess: 'cancelPrompt disable enable',
  DeviceOrientation: 'clearDeviceOrientationOverride setDeviceOrientationOverride',
  DigitalCredentials: 'setVirtualWalletBehavior',
  Emulation: `
    addScreen canEmulate clearDeviceMetricsOverride clearDevicePostureOverride
    clearDisplayFeaturesOverride clearGeolocationOverride clearIdleOverride
    getOverriddenSensorInformation getScreenInfos removeScreen resetPageScaleFactor
    setAutoDarkModeOverride setAutomationOverride setCPUPerformanceOverride setCPUThrottlingRate
    setDataSaverOverride setDefaultBackgroundColorOverride setDeviceMetricsOverride
    setDevicePostureOverride setDisabledImageTypes setDisplayFeaturesOverride
    setDocumentCookieDisabled setEmitTouchEventsForMouse setEmulatedMedia setEmulatedOSTextScale
    setEmulatedVisionDeficiency setFocusEmulationEnabled setGeolocationOverride
    setHardwareConcurrencyOverride setIdleOverride setLocaleOverride setNavigatorOverrides
    setPageScaleFactor setPressureSourceOverrideEnabled setPressureStateOverride setPrimaryScreen
    setSafeAreaInsetsOverride setScriptExecutionDisabled setScrollbarsHidden
    setSensorOverrideEnabled setSensorOverrideReadings setSmallViewportHeightDifferenceOverride
    setTimezoneOverride setTouchEmulationEnabled setUserAgentOverride
    setVirtualKeyboardGeometryOverride setVirtualTimePolicy setVisibleSize updateScreen`,
  EventBreakpoints: 'disable removeInstrumentationBreakpoint setInstrumentationBreakpoint',
  Extensions: `
    clearStorageItems getExtensions getStorageItems removeStorageItems setStorageItems
    triggerAction uninstall`,
  FedCm: 'clickDialogButton disable dismissDialog enable openUrl resetCooldown selectAccount',
  Fetch: `
    continueRequest continueResponse continueWithAuth disable enable failRequest fulfillRequest
    getResponseBody takeResponseBodyAsStream`,
  FileSystem: 'getDirectory',
  FindInPage: 'findFirst findNext findPrev stop',
  HeadlessExperimental: 'beginFrame disable enable',
  HeapProfiler: `
    addInspectedHeapObject collectGarbage disable enable getHeapObjectId getObjectByHeapObjectId
    getSamplingProfile startSampling startTrackingHeapObjects stopSampling stopTrackingHeapObjects
    takeHeapSnapshot`,
  IO: 'close read resolveBlob',
  IndexedDB: `
    clearObjectStore deleteDatabase deleteObjectStoreEntries disable enable getMetadata
    requestData requestDatabase requestDatabaseNames`,
  Input: `
    cancelDragging dispatchKeyEvent dispatchMouseEvent dispatchTouchEvent
    emulateTouchFromMouseEvent imeSetComposition insertText setIgnoreInputEvents setInterceptDrags
    synthesizePinchGesture synthesizeScrollGesture synthesizeTapGesture`,
  Inspector: 'disable enable',
  LayerTree: `
    compositingReasons disable enable makeSnapshot profileSnapshot releaseSnapshot replaySnapshot
    snapshotCommandLog`,
  Log: 'clear disable enable startViolationsReport stopViolationsReport',
  Media: 'disable enable',
  Memory: `
    forciblyPurgeJavaScriptMemory getAllTimeSamplingProfile getBrowserSamplingProfile
    getDOMCounters getDOMCountersForLeakDetection getSamplingProfile prepareForLeakDetection
    setPressureNotificationsSuppressed simulatePressureNotification startSampling stopSampling`,
  Network: `
    canClearBrowserCache canClearBrowserCookies canEmulateNetworkConditions clearBrowserCache
    clearBrowserCookies configureDurableMessages deleteCookies deleteDeviceBoundSession disable
    emulateNetworkConditions emulateNetworkConditionsByRule enable enableDeviceBoundSessions
    enableReportingApi fetchSchemefulSite getAllCookies getCertificate getCookies
    getRequestPostData getResponseBody getSecurityIsolationStatus overrideNetworkState replayXHR
    searchInResponseBody setAttachDebugStack setBlockedURLs setBypassServiceWorker
    setCacheDisabled setCookie setCookieControls setCookies setExtraHTTPHeaders
    setUserAgentOverride streamResourceContent`,
  Overlay: `
    disable enable getGridHighlightObjectsForTest getHighlightObjectForTest
    getSourceOrderHighlightObjectForTest hideHighlight highlightFrame highlightNode highlightQuad
    highlightRect highlightSourceOrder setInspectMode setPausedInDebuggerMessage
    setShowAdHighlights setShowContainerQueryOverlays setShowDebugBorders setShowDisplayCutout
    setShowFPSCounter setShowFlexOverlays setShowGridOverlays setShowHinge setShowHitTestBorders
    setShowInspectedElementAnchor setShowIsolatedElements setShowLayoutShiftRegions
    setShowPaintRects setShowScrollBottleneckRects setShowScrollSnapOverlays
    setShowViewportSizeOnResize setShowWebVitals setShowWindowControlsOverlay`,
  Page: `
    addScriptToEvaluateOnLoad addScriptToEvaluateOnNewDocument bringToFront captureScreenshot
    captureSnapshot clearCompilationCache clearDeviceMetricsOverride
    clearDeviceOrientationOverride clearGeolocationOverride close crash createIsolatedWorld
    deleteCookie disable enable generateTestReport getAdScriptAncestry getAnnotatedPageContent
    getAppId getAppManifest getFrameTree getInstallabilityErrors getLayoutMetrics getManifestIcons
    getNavigationHistory getOriginTrials getPermissionsPolicyState getResourceContent
    getResourceTree getSiblingSubApps getSubApps handleJavaScriptDialog navigateToHistoryEntry
    printToPDF produceCompilationCache reload removeScriptToEvaluateOnLoad
    removeScriptToEvaluateOnNewDocument resetNavigationHistory screencastFrameAck searchInResource
    setAdBlockingEnabled setBypassCSP setDeviceMetricsOverride setDeviceOrientationOverride
    setDocumentContent setFontFamilies setFontSizes setGeolocationOverride
    setInterceptFileChooserDialog setLifecycleEventsEnabled setPrerenderingAllowed
    setRPHRegistrationMode setSPCTransactionMode setTouchEmulationEnabled setWebLifecycleState
    startScreencast stopLoading stopScreencast waitForDebugger`,
  Performance: 'disable enable getMetrics setTimeDomain',
  PerformanceTimeline: 'enable',
  Preload: 'disable enable',
  Profiler: `
    disable enable getBestEffortCoverage setSamplingInterval start startPreciseCoverage stop
    stopPreciseCoverage takePreciseCoverage`,
  Runtime: `
    addBinding awaitPromise callFunctionOn compileScript disable discardConsoleEntries enable
    evaluate getExceptionDetails getHeapUsage getIsolateId getProperties globalLexicalScopeNames
    queryObjects releaseObject releaseObjectGroup removeBinding runIfWaitingForDebugger runScript
    setAsyncCallStackDepth setCustomObjectFormatterEnabled setMaxCallStackSizeToCapture
    terminateExecution`,
  Schema: 'getDomains',
  Security: `
    disable enable handleCertificateError setIgnoreCertificateErrors setOverrideCertificateErrors`,
  ServiceWorker: `
    deliverPushMessage disable dispatchPeriodicSyncEvent dispatchSyncEvent enable
    setForceUpdateOnPageLoad skipWaiting startWorker stopAllWorkers stopWorker unregister
    updateRegistration`,
  SmartCardEmulation: `
    disable enable reportBeginTransactionResult reportConnectResult reportDataResult reportError
    reportEstablishContextResult reportGetStatusChangeResult reportListReadersResult
    reportPlainResult reportReleaseContextResult reportStatusResult`,
  Storage: `
    clearCookies clearDataForOrigin clearDataForStorageKey clearPrivateVerificationTokens
    clearTrustTokens deletePrivateVerificationToken deleteStorageBucket getCookies
    getPrivateVerificationTokens getPrivateVerificationTokensIssuerConfigs getStorageKey
    getStorageKeyForFrame getTrustTokens getUsageAndQuota overrideQuotaForOrigin
    runBounceTrackingMitigations setCookies setPrivateVerificationTokensTracking
    setStorageBucketTracking trackCacheStorageForOrigin trackCacheStorageForStorageKey
    trackIndexedDBForOrigin trackIndexedDBForStorageKey untrackCacheStorageForOrigin
    untrackCacheStorageForStorageKey untrackIndexedDBForOrigin untrackIndexedDBForStorageKey`,
  Target: `
    activateTarget attachToBrowserTarget attachToTarget autoAttachRelated closeTarget
    detachFromTarget disposeBrowserContext getBrowserContexts getDevToolsTarget getTargetInfo
    getTargets setAutoAttach setDiscoverTargets`,
  Tracing: 'end getCategories getTrackEventDescriptor recordClockSyncMarker requestMemoryDump',
  WebAudio: 'disable enable getRealtimeData',
  WebAuthn: `
    addCredential addVirtualAuthenticator clearCredentials disable enable getCredential
    getCredentials removeCredential removeVirtualAuthenticator setAutomaticPresenceSimulation
    setCredentialProperties setResponseOverrideBits setUserVerified`,
  WebMCP: 'cancelInvocation disable enable invokeTool',
};

/** Why clients may not send what Chromium knows, by command or by domain. */
const REASONS: Record<string, string> = {
  'Browser.executeBrowserCommand': "the browser's own windows are not shown to anyone",
  'Browser.getBrowserCommandLine': 'the machine is not shown',
  'DeviceAccess.selectPrompt': 'devices of the machine are not given to pages',
  'LayerTree.loadSnapshot': 'a picture of layers is taken from the browser alone',
  'Page.addCompilationCache': 'compiled code is taken from the browser alone',
  'Page.startScreenRecording': 'it writes to the machine; Page.startScreencast sends pictures',
  'Page.stopScreenRecording': 'it writes to the machine; Page.startScreencast sends pictures',
  'Target.exposeDevToolsProtocol': 'pages get no protocol of their own',
  'Target.openDevTools': "DevTools would reach files of the machine; open the client's own",
  'Target.sendMessageToTarget': 'attach with flatten: true and use its sessionId',
  'Target.setRemoteLocations': 'the machine cannot be reached',
  Cast: 'the network around the machine cannot be reached',
  PWA: 'apps are not installed on the machine',
  SystemInfo: 'the machine is not shown',
  Tethering: 'ports of the machine cannot be bound',
};

export const HARMLESS: ReadonlySet<string> = new Set(
  Object.entries(BY_DOMAIN).flatMap(([domain, names]) =>
    names
      .trim()
      .split(/\s+/)
      .map((name) => `${domain}.${name}`),
  ),
);

const reasons = new Map(Object.entries(REASONS));

/** Why clients may not send a command; undefined for a command that nobody knows. */
export function reasonAgainst(method: string): string | undefined {
  return reasons.get(method) ?? reasons.get(method.split('.', 1)[0] ?? '');
}
