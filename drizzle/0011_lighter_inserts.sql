ALTER TABLE "runtimes" DROP CONSTRAINT "runtimes_organization_id_organizations_id_fk";
--> statement-breakpoint
DROP INDEX "runtimes_active_organization";--> statement-breakpoint
CREATE INDEX "runtimes_asked_extensions" ON "runtimes" USING gin ((launch -> 'extensionIds') jsonb_path_ops) WHERE state not in ('stopped', 'failed') and launch -> 'extensionIds' is not null;--> statement-breakpoint
CREATE INDEX "runtimes_loaded_extensions" ON "runtimes" USING gin ("extensions" jsonb_path_ops) WHERE state not in ('stopped', 'failed') and extensions <> '[]';