export type {
  ManifestMark,
  ManifestPart,
  ManifestTab,
  RecordingManifest,
  RecordingTimeMessage,
} from '../../runtime-manager/recording/manifest.ts';
